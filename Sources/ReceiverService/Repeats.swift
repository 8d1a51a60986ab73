// One source's memory of stored events, shared by all loops.

import Model
import Synchronization
import Telemetry

/// Any thread. Costs an atomic load an event while nothing is remembered.
final class Repeats: Sendable {
  /// True: every acknowledged event is remembered, not only those whose sender heard 503.
  let dropsRepeats: Bool
  private let memory: Mutex<RepeatMemory>
  private let count = Atomic<Int>(0)
  private let onReports: @Sendable ([PublishReport]) -> Void
  private let metrics: RepeatMetrics

  init(
    entriesMax: Int, ttlMs: Int64, dropsRepeats: Bool, metrics: RepeatMetrics,
    onReports: @escaping @Sendable ([PublishReport]) -> Void
  ) {
    self.dropsRepeats = dropsRepeats
    self.metrics = metrics
    self.onReports = onReports
    memory = Mutex(RepeatMemory(entriesMax: entriesMax, ttlMs: ttlMs))
  }

  /// Looks for the last of `names`, which is not so much as sliced while nothing is remembered.
  func look(_ names: EventNames, ticket: UInt64) -> RepeatMemory.Verdict {
    guard count.load(ordering: .acquiring) > 0 else { return .new }
    let digest = EventDigest(names.last)
    let verdict = memory.withLock { memory in
      defer { count.store(memory.count, ordering: .releasing) }
      return memory.look(digest, ticket: ticket, nowMs: SystemClock.monotonicMs)
    }
    switch verdict {
    case .new: break
    case .stored: metrics.repeats.add()
    case .waiting, .busy: metrics.waited.add()
    }
    return verdict
  }

  /// The request was answered with 2xx.
  func acknowledged(_ names: EventNames) {
    guard dropsRepeats else { return }
    change(names, isStored: true) { $0.acknowledged($1, nowMs: $2) }
  }

  /// The request was answered with 503 while events of it were in Kafka's hands.
  func undecided(_ names: EventNames) {
    metrics.undecided.add(names.count)
    change(names, isStored: false) { $0.undecided($1, nowMs: $2) }
  }

  /// The last of those reports is in. One that failed makes all of them failed: to store an event
  /// twice is better than to drop it.
  func settled(_ names: EventNames, isStored: Bool) {
    (isStored ? metrics.undecidedStored : metrics.undecidedFailed).add(names.count)
    change(names, isStored: isStored) { [dropsRepeats] in
      $0.settled($1, isStored: isStored, keeps: dropsRepeats, nowMs: $2)
    }
  }

  private func change(
    _ names: EventNames, isStored: Bool,
    _ body: (inout RepeatMemory, EventDigest, Int64) -> [UInt64]
  ) {
    let now = SystemClock.monotonicMs
    let digests = names.digests
    let tickets = memory.withLock { memory in
      defer { count.store(memory.count, ordering: .releasing) }
      return digests.flatMap { body(&memory, $0, now) }
    }
    guard !tickets.isEmpty else { return }
    onReports(
      tickets.map {
        PublishReport(ticket: $0, rejection: isStored ? nil : .kafkaTimeout, isByKafka: false)
      })
  }
}

/// Any thread.
struct RepeatMetrics: Sendable {
  let repeats: Counter
  let waited: Counter
  let undecided: Counter
  let undecidedStored: Counter
  let undecidedFailed: Counter

  init(_ registry: MetricRegistry, source: String) {
    repeats = registry.counter(MetricCatalogue.receiverRepeats, source, "stored")
    waited = registry.counter(MetricCatalogue.receiverRepeats, source, "undecided")
    undecided = registry.counter(MetricCatalogue.receiverUndecided, source, "undecided")
    undecidedStored = registry.counter(MetricCatalogue.receiverUndecided, source, "stored")
    undecidedFailed = registry.counter(MetricCatalogue.receiverUndecided, source, "failed")
  }
}
