// Which events of spooling sources go to Kafka, which wait for others of their key, and which go
// to the disk: the order per key holds through it all. Pure.

/// Lanes of events, one a key. In a lane with order at most one event is in Kafka at a time, so
/// that one that fails can never be overtaken by one that was sent behind it. A lane is *behind*
/// while an event of it has a row; whatever comes then gets a row too.
struct SpoolOrder {
  /// Rises with every event; the order of arrival.
  typealias Id = Int64

  struct Limits: Sendable {
    /// An event that Kafka has not answered for within this gets a row as well.
    var afterMs: Int64
    var rowsMax: Int
    var bytesMax: Int
    /// Rows in Kafka at one time.
    var drainInFlightMax = 256
    /// Between two tries whether Kafka is back.
    var probeMaxMs: Int64 = 2000
    /// How long a key rests whose event alone was refused.
    var restBaseMs: Int64 = 250
    var restMaxMs: Int64 = 30_000
  }

  enum Action: Sendable, Equatable {
    /// To Kafka, now; `delivered` follows.
    case produce(Id)
    /// A row is to be written, after those asked for before; `stored` or `storeFailed` follows.
    case store(Id)
    /// The row is done with.
    case delete(Id)
    /// There is no room: its sender must hear of it.
    case refuse(Id)
  }

  let limits: Limits
  /// True while Kafka answers nothing: new events go to the disk without trying.
  private(set) var isAway = false
  /// Rows, written or about to be.
  private(set) var rowCount = 0
  private(set) var byteCount = 0
  private(set) var rowsBySource: [Int]
  private var lanes: [UInt64: SpoolLane] = [:]
  private var items: [Id: SpoolItem] = [:]
  /// Live events in order of arrival; those that are settled are skipped.
  private var arrivals: [Id] = []
  private var ready: [UInt64] = []
  private var readyHead = 0
  private var resting: [(dueMs: Int64, lane: UInt64)] = []
  private var drainsInFlight = 0
  private var probeAtMs: Int64 = 0
  private var probeFailures = 0
  private var lastAckMs: Int64

  init(limits: Limits, sources: Int, nowMs: Int64) {
    self.limits = limits
    rowsBySource = [Int](repeating: 0, count: sources)
    lastAckMs = nowMs
  }

  var hasRoom: Bool { rowCount < limits.rowsMax && byteCount < limits.bytesMax }
  var isEmpty: Bool { rowCount == 0 && items.isEmpty }

  /// Of an event that is in memory.
  func source(_ id: Id) -> Int? { items[id]?.source }

  // MARK: Events

  /// A row that an earlier process left. In order of `id`, before anything else.
  mutating func load(_ id: Id, lane: UInt64, isOrdered: Bool, source: Int, bytes: Int) {
    count(1, bytes: bytes, source: source)
    lanes[lane, default: SpoolLane(isOrdered: isOrdered)].insert(
      SpoolLane.Row(id: id, bytes: Int32(clamping: bytes), source: Int32(source)))
    makeReady(lane)
  }

  /// A new event; `id` above all before. Nothing to do means that it waits in its lane's line.
  mutating func arrived(
    _ id: Id, lane: UInt64, isOrdered: Bool, source: Int, bytes: Int, nowMs: Int64
  ) -> Action? {
    var item = SpoolItem(lane: lane, source: source, bytes: bytes, arrivedMs: nowMs, place: .disk)
    let here = lanes[lane] ?? SpoolLane(isOrdered: isOrdered)
    if isAway || here.isBehind {
      guard hasRoom else { return .refuse(id) }
      lanes[lane] = here
      items[id] = item
      return askForRow(id)
    }
    lanes[lane] = here
    arrivals.append(id)
    if isOrdered, here.inKafka > 0 {
      item.place = .line
      items[id] = item
      lanes[lane]?.line.append(id)
      return nil
    }
    item.place = .kafka
    items[id] = item
    lanes[lane]?.inKafka += 1
    return .produce(id)
  }

  /// Kafka's report, or its refusal to take the event.
  mutating func delivered(_ id: Id, isStored: Bool, nowMs: Int64) -> [Action] {
    guard let item = items[id], item.place == .kafka else { return [] }
    lanes[item.lane]?.inKafka -= 1
    if item.row == .stored { lanes[item.lane]?.inKafkaWithRow -= 1 }
    if item.isDrain { drainsInFlight -= 1 }
    return isStored ? succeeded(id, item, nowMs: nowMs) : failed(id, item, nowMs: nowMs)
  }

  /// The row is on the disk: its sender may hear of it.
  mutating func stored(_ id: Id) -> [Action] {
    guard var item = items[id], item.row == .pending else { return [] }
    item.row = .stored
    lanes[item.lane]?.isWritten(id)
    switch item.place {
    case .kafka:
      items[id] = item
      lanes[item.lane]?.inKafkaWithRow += 1
      return []
    case .line, .disk:
      items[id] = nil
      lanes[item.lane]?.insert(
        SpoolLane.Row(id: id, bytes: Int32(clamping: item.bytes), source: Int32(item.source)))
      makeReady(item.lane)
      return []
    }
  }

  /// The row could not be written. An event that is still in Kafka is left to it.
  mutating func storeFailed(_ id: Id, nowMs: Int64) -> [Action] {
    guard var item = items[id], item.row == .pending else { return [] }
    item.row = .none
    count(-1, bytes: -item.bytes, source: item.source)
    lanes[item.lane]?.isWritten(id)
    var actions: [Action] = []
    if item.place == .kafka {
      items[id] = item
    } else {
      items[id] = nil
      actions = [.refuse(id)]
    }
    settle(item.lane)
    makeReady(item.lane)
    // With nothing left to try, nothing would ever tell that Kafka is back.
    if isEmpty { isAway = false }
    return actions
  }

  /// Time has passed: events that Kafka kept for too long get rows.
  mutating func elapsed(nowMs: Int64) -> [Action] {
    while let first = resting.first, first.dueMs <= nowMs {
      resting.removeFirst()
      lanes[first.lane]?.isQueued = false
      makeReady(first.lane)
    }
    var actions: [Action] = []
    var settled = 0
    for id in arrivals {
      guard let item = items[id], item.row == .none, item.place != .disk else {
        settled += 1
        continue
      }
      guard nowMs - item.arrivedMs >= limits.afterMs, hasRoom else { break }
      settled += 1
      if nowMs - lastAckMs >= limits.afterMs {
        arrivals.removeFirst(settled - 1)
        return actions + goAway()
      }
      actions += storeWithLine(id)
    }
    arrivals.removeFirst(settled)
    return actions
  }

  // MARK: Draining

  /// Rows to read and hand to Kafka now; `delivered` follows for each. While Kafka is away one at a
  /// time tries whether it is back.
  mutating func takeDrains(nowMs: Int64) -> [Id] {
    var taken: [Id] = []
    while readyHead < ready.count {
      if isAway {
        guard drainsInFlight == 0, nowMs >= probeAtMs else { break }
      } else {
        guard drainsInFlight < limits.drainInFlightMax else { break }
      }
      let name = ready[readyHead]
      readyHead += 1
      guard var lane = lanes[name] else { continue }
      guard lane.notBeforeMs <= nowMs else {
        rest(name, untilMs: lane.notBeforeMs)
        continue
      }
      lane.isQueued = false
      if lane.isDrainable {
        let row = lane.rows.removeFirst()
        lane.inKafka += 1
        lane.inKafkaWithRow += 1
        items[row.id] = SpoolItem(
          lane: name, source: Int(row.source), bytes: Int(row.bytes), arrivedMs: nowMs,
          place: .kafka, row: .stored, isDrain: true)
        drainsInFlight += 1
        taken.append(row.id)
      }
      lanes[name] = lane
      makeReady(name)
    }
    if readyHead > 1024 || readyHead == ready.count {
      ready.removeFirst(readyHead)
      readyHead = 0
    }
    return taken
  }

  // MARK: Inside

  private mutating func succeeded(_ id: Id, _ item: SpoolItem, nowMs: Int64) -> [Action] {
    lastAckMs = nowMs
    isAway = false
    probeFailures = 0
    lanes[item.lane]?.failures = 0
    lanes[item.lane]?.notBeforeMs = 0
    items[id] = nil
    var actions: [Action] = []
    if item.row != .none {
      // Behind the insert, should that one be still under way.
      actions.append(.delete(id))
      lanes[item.lane]?.isWritten(id)
      count(-1, bytes: -item.bytes, source: item.source)
    }
    if let next = nextInLine(item.lane) { actions.append(.produce(next)) }
    settle(item.lane)
    makeReady(item.lane)
    return actions
  }

  private mutating func failed(_ id: Id, _ item: SpoolItem, nowMs: Int64) -> [Action] {
    var item = item
    item.place = .disk
    let isQuiet = nowMs - lastAckMs >= limits.afterMs
    if isQuiet {
      if item.isDrain { probeFailures += 1 }
      probeAtMs = nowMs + wait(after: probeFailures, max: limits.probeMaxMs)
    } else {
      // Others get through: it is this event, or its partition.
      let failures = (lanes[item.lane]?.failures ?? 0) + 1
      lanes[item.lane]?.failures = failures
      let restMs = wait(after: failures, max: limits.restMaxMs)
      lanes[item.lane]?.notBeforeMs = nowMs + restMs
    }
    var actions: [Action] = []
    switch item.row {
    case .stored:
      items[id] = nil
      lanes[item.lane]?.insert(
        SpoolLane.Row(id: id, bytes: Int32(clamping: item.bytes), source: Int32(item.source)))
      makeReady(item.lane)
    case .pending: items[id] = item
    case .none:
      items[id] = item
      actions += storeWithLine(id)
    }
    if isQuiet { actions += goAway() }
    return actions
  }

  /// Rows for everything that Kafka has not answered for.
  private mutating func goAway() -> [Action] {
    isAway = true
    let waiting = arrivals
    arrivals = []
    var actions: [Action] = []
    for id in waiting {
      guard let item = items[id], item.row == .none, item.place != .disk else { continue }
      if hasRoom {
        actions += storeOne(id)
      } else if item.place == .kafka {
        // It may come through yet, and keeps its turn.
        arrivals.append(id)
      } else {
        actions += drop(id)
      }
    }
    return actions
  }

  /// A row for this event, and for those that wait behind it.
  private mutating func storeWithLine(_ id: Id) -> [Action] {
    guard let item = items[id] else { return [] }
    guard hasRoom else {
      guard item.place == .disk else { return [] }
      // Its sender comes back, or not: those behind it need not wait.
      var actions = drop(id)
      if let next = nextInLine(item.lane) { actions.append(.produce(next)) }
      settle(item.lane)
      return actions
    }
    var actions = storeOne(id)
    let line = lanes[item.lane]?.line ?? []
    lanes[item.lane]?.line = []
    for id in line { actions += hasRoom ? storeOne(id) : drop(id) }
    return actions
  }

  private mutating func storeOne(_ id: Id) -> [Action] {
    guard let item = items[id] else { return [] }
    if item.place == .line {
      lanes[item.lane]?.line.removeAll { $0 == id }
      items[id]?.place = .disk
    }
    return [askForRow(id)]
  }

  private mutating func askForRow(_ id: Id) -> Action {
    guard let item = items[id] else { return .refuse(id) }
    items[id]?.row = .pending
    lanes[item.lane]?.pending.append(id)
    count(1, bytes: item.bytes, source: item.source)
    return .store(id)
  }

  private mutating func drop(_ id: Id) -> [Action] {
    guard let item = items.removeValue(forKey: id) else { return [] }
    lanes[item.lane]?.line.removeAll { $0 == id }
    settle(item.lane)
    return [.refuse(id)]
  }

  private mutating func nextInLine(_ name: UInt64) -> Id? {
    guard let lane = lanes[name], !lane.isBehind, lane.inKafka == 0, let next = lane.line.first
    else { return nil }
    lanes[name]?.line.removeFirst()
    lanes[name]?.inKafka += 1
    items[next]?.place = .kafka
    return next
  }

  private mutating func settle(_ name: UInt64) {
    if lanes[name]?.isEmpty == true { lanes[name] = nil }
  }

  private mutating func makeReady(_ name: UInt64) {
    guard let lane = lanes[name], !lane.isQueued, lane.isDrainable else { return }
    lanes[name]?.isQueued = true
    ready.append(name)
  }

  /// Out of turn for a while, so that an event that Kafka never takes holds up its own key only.
  private mutating func rest(_ name: UInt64, untilMs: Int64) {
    var index = resting.count
    while index > 0, resting[index - 1].dueMs > untilMs { index -= 1 }
    resting.insert((untilMs, name), at: index)
  }

  private func wait(after failures: Int, max: Int64) -> Int64 {
    min(max, limits.restBaseMs << Int64(min(Swift.max(0, failures - 1), 16)))
  }

  private mutating func count(_ rows: Int, bytes: Int, source: Int) {
    rowCount += rows
    byteCount += bytes
    rowsBySource[source] += rows
  }
}
