// The receiver's instruments, looked up once. A series with a source's name exists only for sources
// of the configuration; a request cannot mint one.

import Model
import Telemetry

/// Of one source. Any thread.
struct SourceMetrics: Sendable {
  let accepted: Counter
  let rejected: CounterTable<Rejection>
  let events: Counter
  let handshakes: Counter
  let registry: MetricRegistry

  init(_ registry: MetricRegistry, source: String) {
    self.registry = registry
    accepted = registry.counter(
      MetricCatalogue.receiverRequests, source, MetricCatalogue.accepted)
    rejected = registry.counters(MetricCatalogue.receiverRequests, source, by: Rejection.self)
    handshakes = registry.counter(
      MetricCatalogue.receiverRequests, source, MetricCatalogue.handshake)
    events = registry.counter(MetricCatalogue.receiverEventsPublished, source)
  }
}

/// Of the whole receiver. Any thread.
struct ReceiverMetrics: Sendable {
  /// Refusals before the source was known.
  let unrouted: CounterTable<Rejection>
  let ack: Histogram
  let inFlightRequests: Gauge
  let inFlightBytes: Gauge
  let connections: Gauge
  let connectionsRefused: Counter
  let edge: EdgeMetrics

  init(_ registry: MetricRegistry) {
    unrouted = registry.counters(
      MetricCatalogue.receiverRequests, MetricCatalogue.noSource, by: Rejection.self)
    ack = registry.histogram(MetricCatalogue.receiverAckSeconds)
    inFlightRequests = registry.gauge(MetricCatalogue.receiverInFlightRequests)
    inFlightBytes = registry.gauge(MetricCatalogue.receiverInFlightBytes)
    connections = registry.gauge(MetricCatalogue.receiverConnections)
    connectionsRefused = registry.counter(MetricCatalogue.receiverConnectionsRefused)
    edge = EdgeMetrics(registry)
  }
}
