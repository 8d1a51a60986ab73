// What the receiver tells of its network edge and of reloads.

/// How an attempt to read the configuration anew ended.
package enum ReloadResult: String, Sendable, CaseIterable {
  case applied, refused
}

extension MetricCatalogue {
  package static let receiverHandshakesFailed = Metric<Counter>(
    "hookferry_receiver_tls_handshakes_failed_total",
    "Connections that ended before their TLS handshake was over.",
    action: "A sender that lacks the client certificate or speaks an older TLS; port scans too.")
  package static let receiverCertificateExpiry = Metric<Gauge>(
    "hookferry_receiver_tls_certificate_expiry_timestamp_seconds", unit: .seconds,
    "When the certificate in use expires, in seconds since 1970; 0 without TLS.",
    action: "Less than two weeks ahead: replace the files of receiver.tls; no restart is needed.")
  package static let receiverReloads = Metric<Counter>(
    "hookferry_receiver_reloads_total", labels: [MetricLabel("result", ReloadResult.self)],
    "Attempts to read the configuration anew, after SIGHUP or a change of its files.",
    action: "refused: the log names every problem; the old configuration stays in force.")
  package static let receiverReloadSuccess = Metric<Gauge>(
    "hookferry_receiver_reload_success_timestamp_seconds", unit: .seconds,
    "When the configuration in force was read, in seconds since 1970.",
    action: "Older than your last change: look for refused reloads.")

  static let receiverEdge: [MetricDeclaration] = [
    receiverHandshakesFailed.declaration, receiverCertificateExpiry.declaration,
    receiverReloads.declaration, receiverReloadSuccess.declaration,
  ]
}
