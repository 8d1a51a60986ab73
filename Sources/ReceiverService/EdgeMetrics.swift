// Instruments of the network edge and of reloads.

import Telemetry

/// Any thread.
struct EdgeMetrics: Sendable {
  let handshakesFailed: Counter
  let reloads: CounterTable<ReloadResult>
  let reloadSuccess: Gauge
  let certificateExpiry: Gauge

  init(_ registry: MetricRegistry) {
    handshakesFailed = registry.counter(MetricCatalogue.receiverHandshakesFailed)
    reloads = registry.counters(MetricCatalogue.receiverReloads, by: ReloadResult.self)
    reloadSuccess = registry.gauge(MetricCatalogue.receiverReloadSuccess)
    certificateExpiry = registry.gauge(MetricCatalogue.receiverCertificateExpiry)
  }
}
