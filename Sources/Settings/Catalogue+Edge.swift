// The settings of the receiver's network edge.

extension Catalogue {
  static let receiverEdge: [Entry<ReceiverSettings>] = [
    .optionalSection(
      "tls", \.edge.tls, blank: .blank,
      "TLS in this process, on the webhook port; without it the port speaks plain HTTP and "
        + "something in front must end TLS. The admin port stays plain.", tls),
    .texts(
      "trusted_proxies", \.edge.trustedProxies, .network,
      "Networks whose X-Forwarded-For, -Proto and -Host are believed, e.g. `10.0.0.0/8`."),
    .integer(
      "inflated_bytes_max", \.edge.inflatedBytesMax, default: 4 << 20, 1024...(256 << 20), .bytes,
      "A gzip or deflate body that inflates to more, or to more than `in_flight_bytes_max`, is "
        + "refused with 413."),
    .integer(
      "header_count_max", \.edge.headerCountMax, default: 100, 8...1000, .count,
      "More headers are refused with 431."),
    .integer(
      "connections_per_address_max", \.edge.connectionsPerAddressMax, default: 0, 0...1_000_000,
      .count,
      "Open connections from one address, trusted proxies excepted; beyond it new ones are closed "
        + "at once. 0 means no limit."),
    .integer(
      "header_timeout_ms", \.edge.headerTimeoutMs, default: 5000, 100...300_000, .milliseconds,
      "A request's head must have arrived within this, and a TLS handshake be over; else 408."),
    .integer(
      "body_idle_timeout_ms", \.edge.bodyIdleTimeoutMs, default: 5000, 100...300_000,
      .milliseconds,
      "A body of which nothing arrives for this long is refused with 408."),
    .integer(
      "connection_max_age_ms", \.edge.connectionMaxAgeMs, default: 900_000, 0...86_400_000,
      .milliseconds,
      "A connection older than this, give or take a tenth, ends with its next answer, so that "
        + "load spreads over new receivers; 0 means no limit."),
    .integer(
      "reload_poll_ms", \.edge.reloadPollMs, default: 3000, 0...3_600_000, .milliseconds,
      "How often this file, TLS files and files with secrets are looked at for changes; 0 means "
        + "only on SIGHUP."),
  ]

  static let tls: [Entry<TLSSettings>] = [
    .text(
      "certificate", \.certificate, .any,
      "A PEM file: the certificate and those between it and the root. New connections use a "
        + "changed file; a bad one is refused and the old one stays."),
    .text("private_key", \.privateKey, .any, "A PEM file with the certificate's private key."),
    .optionalText(
      "client_ca", \.clientCA, .any,
      "A PEM file; clients must then show a certificate that one of these has signed."),
    .choice(
      "minimum_version", \.minimumVersion, default: "1.2", ["1.2", "1.3"],
      "The oldest version of TLS that is spoken."),
  ]

  static let sourceEdge: [Entry<SourceSettings>] = [
    .texts(
      "allowed_networks", \.allowedNetworks, .network,
      "Networks that may send; others get 403 before their body is read. None means all."),
    .choice(
      "signed_body", \.signedBody, default: "inflated", ["inflated", "wire"],
      "What of a gzip or deflate body is signed: what was compressed, as senders do that "
        + "compress last, or the bytes sent. What is stored is always inflated."),
  ]
}
