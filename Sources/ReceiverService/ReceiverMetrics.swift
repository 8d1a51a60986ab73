// The receiver's metrics, looked up once: an unauthenticated request mints no series.
import Model
import Telemetry

/// One source's series.
struct SourceMetrics: Sendable {
  private let accepted: Counter
  private let refusals: CounterTable<Rejection>
  private let events: Counter
  private let ackSeconds: Histogram

  init(_ registry: MetricRegistry, source: String) {
    accepted = registry.counter(
      MetricCatalogue.receiverRequests, source, MetricCatalogue.accepted)
    refusals = registry.counters(MetricCatalogue.receiverRequests, source, by: Rejection.self)
    events = registry.counter(MetricCatalogue.receiverEventsPublished, source)
    ackSeconds = registry.histogram(MetricCatalogue.receiverAckSeconds)
  }

  func answered(_ rejection: Rejection?) {
    if let rejection { refusals[rejection].add() } else { accepted.add() }
  }

  func published(_ count: Int) { events.add(count) }

  func acknowledged(nanoseconds: Int64) {
    ackSeconds.observe(microseconds: Int(nanoseconds / 1000))
  }
}

/// The whole receiver's series.
struct ReceiverMetrics: Sendable {
  private let registry: MetricRegistry
  private let unknown: SourceMetrics

  init(_ registry: MetricRegistry) {
    self.registry = registry
    unknown = SourceMetrics(registry, source: MetricCatalogue.noSource)
  }

  /// The series of a configured source.
  func source(_ name: String) -> SourceMetrics { SourceMetrics(registry, source: name) }

  /// A request that was refused before it was whole; `source` nil where none was named.
  func refused(_ rejection: Rejection, source: SourceMetrics?) {
    (source ?? unknown).answered(rejection)
  }

  /// Gauges that are read when somebody asks.
  func observe(_ shared: ReceiverShared) {
    registry.sample(MetricCatalogue.receiverInFlightRequests) {
      shared.admission.requestsInFlight
    }
    registry.sample(MetricCatalogue.receiverInFlightBytes) { shared.admission.bytesInFlight }
    registry.sample(MetricCatalogue.receiverConnections) { shared.connectionCount }
  }
}
