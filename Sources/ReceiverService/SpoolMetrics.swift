// The spool's instruments, looked up once.

import Telemetry

/// Any thread.
struct SpoolMetrics: Sendable {
  let spooled: [Counter]
  let drained: [Counter]
  let refused: [Counter]
  let published: [Counter]
  let rows: Gauge
  let bytes: Gauge
  let oldest: Gauge

  /// Rows of sources that are no longer configured count under `none`.
  init(_ registry: MetricRegistry, sources: [String], configured: [String]) {
    let labels = sources.map { configured.contains($0) ? $0 : MetricCatalogue.noSource }
    spooled = labels.map { registry.counter(MetricCatalogue.receiverSpooled, $0) }
    drained = labels.map { registry.counter(MetricCatalogue.receiverSpoolDrained, $0) }
    refused = labels.map { registry.counter(MetricCatalogue.receiverSpoolRefused, $0) }
    published = labels.map { registry.counter(MetricCatalogue.receiverEventsPublished, $0) }
    rows = registry.gauge(MetricCatalogue.receiverSpoolRows)
    bytes = registry.gauge(MetricCatalogue.receiverSpoolBytes)
    oldest = registry.gauge(MetricCatalogue.receiverSpoolOldest)
  }
}
