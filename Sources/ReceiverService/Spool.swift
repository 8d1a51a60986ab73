// The spool as a part of the receiver: what `SpoolOrder` decides is done here, between the event
// loops, Kafka and a thread that owns the file.

import Dispatch
import Logging
import Model
import Providers
import Settings
import Stores
import Synchronization
import Telemetry

/// Publishes to Kafka and keeps on disk what Kafka does not take. Any thread; `close` blocks.
final class Spool: EventPublisher {
  /// An event that is in memory, with the ticket whose sender waits for it.
  private struct Held {
    let source: Int
    let key: [UInt8]?
    let value: [UInt8]
    let headers: HeaderList
    let ticket: UInt64
  }

  private struct State {
    var order: SpoolOrder
    var held: [SpoolOrder.Id: Held] = [:]
    var nextId: SpoolOrder.Id
    /// For the file, in the order in which they were decided.
    var changes: [SpoolFile.Change] = []
    var isDraining = true
    /// Since closing began: events that Kafka gave back and that the file has or will have.
    var givenBack = 0
    var isClosing = false
    var isSignalled = false
  }

  /// What is left to do outside the lock.
  private struct Chores {
    var produce: [(id: SpoolOrder.Id, held: Held)] = []
    var reports: [PublishReport] = []
  }

  private static let changesMax = 2048
  private static let tickMs = 50

  /// Where events go when all is well.
  let inner: any EventPublisher
  private let onReports: @Sendable ([PublishReport]) -> Void
  private let onRoom: @Sendable (Bool) -> Void
  private let names: [String]
  private let metrics: SpoolMetrics
  private let logger: Logger
  private let state: Mutex<State>
  private let file: Mutex<SpoolFile>
  private let wakeup = DispatchSemaphore(value: 0)
  private let ended = DispatchSemaphore(value: 0)
  private let isStopping = Atomic<Bool>(false)
  private let oldestMs = Atomic<Int64>(0)

  /// Opens the file and takes in what an earlier process left. `makeInner` is given where its
  /// reports go; `onReports` gets those of other events, and ours in their senders' names.
  /// `onRoom` is told often whether one event more would fit.
  init(
    _ settings: SpoolSettings, sources: [String], registry: MetricRegistry, logger: Logger,
    onReports: @escaping @Sendable ([PublishReport]) -> Void,
    onRoom: @escaping @Sendable (Bool) -> Void,
    makeInner: (@escaping @Sendable ([PublishReport]) -> Void) throws -> any EventPublisher
  ) throws {
    let file = try SpoolFile(path: settings.path)
    let entries = try file.entries()
    var names = sources
    for entry in entries where !names.contains(entry.source) { names.append(entry.source) }
    var order = SpoolOrder(
      limits: SpoolOrder.Limits(
        afterMs: Int64(settings.afterMs), rowsMax: settings.rowsMax, bytesMax: settings.bytesMax),
      sources: names.count, nowMs: SystemClock.monotonicMs)
    for entry in entries {
      let source = names.firstIndex(of: entry.source) ?? 0
      order.load(
        entry.id, lane: SpoolLane.name(entry.source, entry.key), isOrdered: entry.key != nil,
        source: source, bytes: entry.bytes)
    }
    oldestMs.store(try file.oldestMs() ?? 0, ordering: .relaxed)
    state = Mutex(State(order: order, nextId: (entries.last?.id ?? 0) + 1))
    self.file = Mutex(file)
    self.names = names
    self.onReports = onReports
    self.onRoom = onRoom
    self.logger = logger
    metrics = SpoolMetrics(registry, sources: names, configured: sources)
    let reports = ReportTarget()
    inner = try makeInner { reports.take($0) }
    reports.open(self)
    metrics.rows.set(order.rowCount)
    metrics.bytes.set(order.byteCount)
    if !entries.isEmpty {
      logger.write(.info, "the spool holds events", [.count: entries.count])
    }
    DispatchQueue(label: "hookferry.receiver.spool").async { [self] in run() }
  }

  /// How many rows each source has; those without are left out.
  var rowsBySource: [(source: String, rows: Int)] {
    let rows = state.withLock { $0.order.rowsBySource }
    return zip(names, rows).filter { $1 > 0 }.map { ($0, $1) }
  }

  // MARK: Publishing

  /// Events of sources without a spool go their way.
  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    inner.publish(key: key, value: value, headers: headers, ticket: ticket)
  }

  func publish(_ event: EventDraft, value: UnsafeRawBufferPointer, ticket: UInt64) -> Rejection? {
    inner.publish(event, value: value, ticket: ticket)
  }

  var figures: PublisherFigures { inner.figures }

  /// An event of the spooling source with this index in `sources`.
  func publish(
    source: Int, key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    let held = Held(
      source: source, key: key, value: [UInt8](value), headers: headers, ticket: ticket)
    let lane = SpoolLane.name(names[source], key)
    let bytes = value.count + headers.storage.count + headers.count * 8
    let now = SystemClock.monotonicMs
    var isRefused = false
    let chores = state.withLock { state -> Chores in
      let id = state.nextId
      state.nextId += 1
      state.held[id] = held
      let action = state.order.arrived(
        id, lane: lane, isOrdered: key != nil, source: source, bytes: bytes, nowMs: now)
      guard action != .refuse(id) else {
        state.held[id] = nil
        isRefused = true
        return Chores()
      }
      return enact(action.map { [$0] } ?? [], &state)
    }
    guard !isRefused else {
      metrics.refused[source].add()
      return .spoolFull
    }
    run(chores)
    return nil
  }

  /// Reports of the inner publisher; from its thread.
  fileprivate func take(_ reports: [PublishReport]) {
    guard reports.contains(where: { Ticket.isSpools($0.ticket) }) else { return onReports(reports) }
    let now = SystemClock.monotonicMs
    var chores = Chores()
    state.withLock { state in
      for report in reports where Ticket.isSpools(report.ticket) {
        let id = Ticket.spooled(report.ticket)
        add(settle(id, report.rejection, &state, nowMs: now), to: &chores)
      }
      signal(&state)
    }
    chores.reports += reports.filter { !Ticket.isSpools($0.ticket) }
    run(chores)
  }

  /// Kafka is done with this event, well or badly.
  private func settle(
    _ id: SpoolOrder.Id, _ rejection: Rejection?, _ state: inout State, nowMs: Int64
  ) -> Chores {
    let source = state.order.source(id)
    let actions = state.order.delivered(id, isStored: rejection == nil, nowMs: nowMs)
    if rejection != nil, state.isClosing, !actions.contains(.refuse(id)) { state.givenBack += 1 }
    var chores = enact(actions, &state)
    guard rejection == nil else { return chores }
    if let held = state.held.removeValue(forKey: id) {
      chores.reports.append(PublishReport(ticket: held.ticket, rejection: nil))
    } else if let source {
      metrics.drained[source].add()
      metrics.published[source].add()
    }
    return chores
  }

  // MARK: Doing what was decided

  /// Within the lock: what goes to the file keeps the order in which it was decided.
  private func enact(_ actions: [SpoolOrder.Action], _ state: inout State) -> Chores {
    var chores = Chores()
    for action in actions {
      switch action {
      case .produce(let id):
        if let held = state.held[id] { chores.produce.append((id, held)) }
      case .store(let id):
        guard let held = state.held[id] else { continue }
        state.changes.append(
          .insert(
            SpoolFile.Row(
              id: id, source: names[held.source], key: held.key, value: held.value,
              headers: held.headers, spooledAtMs: SystemClock.wallMs)))
        signal(&state)
      case .delete(let id):
        state.changes.append(.delete(id))
        signal(&state)
      case .refuse(let id):
        guard let held = state.held.removeValue(forKey: id) else { continue }
        metrics.refused[held.source].add()
        chores.reports.append(PublishReport(ticket: held.ticket, rejection: .spoolFull))
      }
    }
    return chores
  }

  /// Outside the lock. What Kafka does not take comes back as a failure, which may bring more.
  private func run(_ chores: Chores) {
    var chores = chores
    while !chores.produce.isEmpty {
      let produce = chores.produce
      chores.produce = []
      for (id, held) in produce {
        let refusal = held.value.withUnsafeBytes {
          inner.publish(
            key: held.key, value: $0, headers: held.headers, ticket: Ticket.spool(id))
        }
        guard let refusal else { continue }
        let now = SystemClock.monotonicMs
        add(state.withLock { settle(id, refusal, &$0, nowMs: now) }, to: &chores)
      }
    }
    if !chores.reports.isEmpty { onReports(chores.reports) }
  }

  private func add(_ more: Chores, to chores: inout Chores) {
    chores.produce += more.produce
    chores.reports += more.reports
  }

  private func signal(_ state: inout State) {
    guard !state.isSignalled else { return }
    state.isSignalled = true
    wakeup.signal()
  }

  // MARK: The file's thread

  private func run() {
    var nextLookMs: Int64 = 0
    while true {
      _ = wakeup.wait(timeout: .now() + .milliseconds(Self.tickMs))
      // Read before the changes are taken: those that came before the stop are written.
      let isLast = isStopping.load(ordering: .acquiring)
      let now = SystemClock.monotonicMs
      let chores = state.withLock { state in
        state.isSignalled = false
        return enact(state.order.elapsed(nowMs: now), &state)
      }
      run(chores)
      writeChanges()
      drain()
      if now >= nextLookMs || isLast {
        nextLookMs = now + 1000
        let oldest = (try? file.withLock { file throws(StoreError) in try file.oldestMs() }) ?? nil
        oldestMs.store(oldest ?? 0, ordering: .relaxed)
      }
      show()
      if isLast { break }
    }
    file.withLock { $0.close() }
    ended.signal()
  }

  /// One transaction for all that came since the last one.
  private func writeChanges() {
    while true {
      let changes = state.withLock { state -> [SpoolFile.Change] in
        let taken = Array(state.changes.prefix(Self.changesMax))
        state.changes.removeFirst(taken.count)
        return taken
      }
      guard !changes.isEmpty else { return }
      do throws(StoreError) {
        try file.withLock { file throws(StoreError) in try file.apply(changes) }
        finish(changes, error: nil)
      } catch {
        logger.write(.error, "the spool cannot be written: \(error.remedy)", [.error: "\(error)"])
        finish(changes, error: error)
        return
      }
    }
  }

  private func finish(_ changes: [SpoolFile.Change], error: StoreError?) {
    let now = SystemClock.monotonicMs
    var chores = Chores()
    state.withLock { state in
      for case .insert(let row) in changes {
        guard error == nil else {
          add(enact(state.order.storeFailed(row.id, nowMs: now), &state), to: &chores)
          continue
        }
        add(enact(state.order.stored(row.id), &state), to: &chores)
        guard let held = state.held.removeValue(forKey: row.id) else { continue }
        metrics.spooled[held.source].add()
        chores.reports.append(
          PublishReport(ticket: held.ticket, rejection: nil, isByKafka: false))
      }
      if error != nil {
        // The rows are still there and would only be sent once more.
        state.changes.insert(
          contentsOf: changes.filter { if case .delete = $0 { true } else { false } }, at: 0)
      }
    }
    run(chores)
  }

  private func drain() {
    let now = SystemClock.monotonicMs
    let ids = state.withLock { state in
      state.isDraining ? state.order.takeDrains(nowMs: now) : []
    }
    var chores = Chores()
    for id in ids {
      let row: SpoolFile.Row?
      do throws(StoreError) {
        row = try file.withLock { file throws(StoreError) in try file.row(id) }
      } catch {
        logger.write(.error, "the spool cannot be read: \(error.remedy)", [.error: "\(error)"])
        add(state.withLock { settle(id, .spoolFull, &$0, nowMs: now) }, to: &chores)
        continue
      }
      let refusal = row.flatMap { row in
        row.value.withUnsafeBytes {
          inner.publish(key: row.key, value: $0, headers: row.headers, ticket: Ticket.spool(id))
        }
      }
      guard refusal != nil || row == nil else { continue }
      add(state.withLock { settle(id, refusal, &$0, nowMs: now) }, to: &chores)
    }
    run(chores)
  }

  private func show() {
    // Only the figures: a copy of the whole would make the next change copy all of it.
    let (rows, bytes, hasRoom) = state.withLock {
      ($0.order.rowCount, $0.order.byteCount, $0.order.hasRoom)
    }
    onRoom(hasRoom)
    metrics.rows.set(rows)
    metrics.bytes.set(bytes)
    let oldest = oldestMs.load(ordering: .relaxed)
    metrics.oldest.set(oldest == 0 ? 0 : max(0, Int(SystemClock.wallMs - oldest)))
  }

  // MARK: The end

  /// Ends Kafka's part, then keeps what it gave back. What is in the file stays there. Returns how
  /// many events are neither in Kafka nor in the file.
  func close(timeoutMs: Int) -> Int {
    state.withLock { state in
      state.isDraining = false
      state.isClosing = true
    }
    let left = inner.close(timeoutMs: timeoutMs)
    isStopping.store(true, ordering: .releasing)
    wakeup.signal()
    if ended.wait(timeout: .now() + .seconds(5)) == .timedOut {
      logger.write(.error, "the spool's disk does not answer")
    }
    for (source, rows) in rowsBySource {
      logger.write(
        .warning, "events stay in the spool until the next start",
        [.source: source, .count: rows])
    }
    return max(0, left - state.withLock { $0.givenBack })
  }
}

/// Stands in for the spool until it is whole; no report comes before that.
private final class ReportTarget: Sendable {
  private struct Target { weak var spool: Spool? }
  private let target = Mutex(Target())

  func open(_ spool: Spool) { target.withLock { $0.spool = spool } }

  func take(_ reports: [PublishReport]) { target.withLock { $0.spool }?.take(reports) }
}
