// The consumer's metrics, looked up once.
import HTTPClient
import Model
import Telemetry

/// Handles of every series that the owner thread moves.
struct ConsumerGauges: Sendable {
  private let records: CounterTable<RecordOutcome>
  private let retries: CounterTable<FailureClass>
  private let deadLetters: CounterTable<FailureClass>
  private let fetches: CounterTable<FetchStatus>
  private let fetchSeconds: Histogram
  private let writeSeconds: Histogram
  private let inFlight: Gauge
  private let lanes: Gauge
  private let windowRecords: Gauge
  private let windowBytes: Gauge
  private let oldest: Gauge
  private let rebalances: Counter
  private let commitFailures: Counter
  private let coalesced: Counter
  private let asked: Counter
  private let parkings: Counter
  private let flood: Gauge
  private let breakers: Gauge
  private let registry: MetricRegistry
  private let figures: HandleFigures
  private var handle = 0

  init(_ registry: MetricRegistry, handles: Int = 1) {
    self.registry = registry
    figures = HandleFigures(handles: handles)
    records = registry.counters(MetricCatalogue.consumerRecords, by: RecordOutcome.self)
    retries = registry.counters(MetricCatalogue.consumerRetries, by: FailureClass.self)
    deadLetters = registry.counters(MetricCatalogue.consumerDeadLetters, by: FailureClass.self)
    fetches = registry.counters(MetricCatalogue.consumerFetches, by: FetchStatus.self)
    fetchSeconds = registry.histogram(MetricCatalogue.consumerFetchSeconds)
    writeSeconds = registry.histogram(MetricCatalogue.consumerWriteSeconds)
    inFlight = registry.gauge(MetricCatalogue.consumerInFlight)
    lanes = registry.gauge(MetricCatalogue.consumerLanes)
    windowRecords = registry.gauge(MetricCatalogue.consumerWindowRecords)
    windowBytes = registry.gauge(MetricCatalogue.consumerWindowBytes)
    oldest = registry.gauge(MetricCatalogue.consumerOldestUnfinished)
    rebalances = registry.counter(MetricCatalogue.consumerRebalances)
    commitFailures = registry.counter(MetricCatalogue.consumerCommitFailures)
    coalesced = registry.counter(MetricCatalogue.consumerCoalesced)
    asked = registry.counter(MetricCatalogue.consumerRecordsAsked)
    parkings = registry.counter(MetricCatalogue.consumerParked)
    flood = registry.gauge(MetricCatalogue.consumerFlooded)
    breakers = registry.gauge(MetricCatalogue.consumerBreakersOpen)
  }

  /// The same for one of the process's members.
  func forHandle(_ handle: Int) -> ConsumerGauges {
    var own = self
    own.handle = handle
    return own
  }

  func set(inFlight: Int, lanes: Int, windowRecords: Int, windowBytes: Int) {
    let all = figures.update(handle) {
      $0.inFlight = inFlight
      $0.lanes = lanes
      $0.windowRecords = windowRecords
      $0.windowBytes = windowBytes
    }
    self.inFlight.set(all.inFlight)
    self.lanes.set(all.lanes)
    self.windowRecords.set(all.windowRecords)
    self.windowBytes.set(all.windowBytes)
  }

  func finished(_ outcome: Outcome) {
    switch outcome {
    case .written: records[.written].add()
    case .superseded: records[.superseded].add()
    case .duplicate: records[.duplicate].add()
    case .gone: records[.gone].add()
    case .skipped: records[.skipped].add()
    case .failed: break
    }
  }

  func retried(_ failureClass: FailureClass) { retries[failureClass].add() }

  func deadLettered(_ failureClass: FailureClass) {
    records[.deadLettered].add()
    deadLetters[failureClass].add()
  }

  func fetched(_ completion: HTTPCompletion) {
    let status = try? completion.result.get().status
    fetches[FetchStatus(httpStatus: status)].add()
    fetchSeconds.observe(microseconds: Int(completion.totalTimeMs * 1000))
  }

  func wrote(_ done: SinkWriter.Done) {
    writeSeconds.observe(microseconds: Int(done.durationMs * 1000))
  }

  func set(oldestUnfinishedMs: Int64) {
    oldest.set(figures.update(handle) { $0.oldestMs = Int(oldestUnfinishedMs) }.oldestMs)
  }

  func set(lag: Int64, partition: Int32) {
    registry.gauge(MetricCatalogue.consumerLag, String(partition)).set(Int(lag))
  }

  func coalesced(_ count: Int) { coalesced.add(count) }
  func asked(records: Int) { asked.add(records) }
  func parked() { parkings.add() }
  func flooded(_ isFlooded: Bool) {
    flood.set(figures.update(handle) { $0.isFlooded = isFlooded }.isFlooded ? 1 : 0)
  }
  func set(breakersOpen: Int) {
    breakers.set(figures.update(handle) { $0.breakersOpen = breakersOpen }.breakersOpen)
  }

  func rebalanced() { rebalances.add() }
  func commitFailed() { commitFailures.add() }

  func committed(partition: Int32, offset: Int64) {
    registry.gauge(MetricCatalogue.consumerCommittedOffset, String(partition)).set(Int(offset))
  }

  /// The partition is another member's now: its last number would mislead.
  func revoked(partition: Int32) {
    registry.remove(MetricCatalogue.consumerCommittedOffset, String(partition))
    registry.remove(MetricCatalogue.consumerLag, String(partition))
  }
}
