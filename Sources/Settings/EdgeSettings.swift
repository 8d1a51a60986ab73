// What the receiver expects of connections and of those at their other end.

/// Settings of `receiver:` about the network edge.
package struct EdgeSettings: Sendable {
  /// Nil: plain HTTP, behind something that ends TLS.
  package var tls: TLSSettings?
  /// CIDR texts.
  package var trustedProxies: [String] = []
  package var inflatedBytesMax = 0
  package var headerCountMax = 0
  /// 0: no limit.
  package var connectionsPerAddressMax = 0
  package var headerTimeoutMs = 0
  package var bodyIdleTimeoutMs = 0
  /// 0: no limit.
  package var connectionMaxAgeMs = 0
  /// 0: changes of files are not looked for.
  package var reloadPollMs = 0
}

/// Where the TLS identity is kept. PEM files.
package struct TLSSettings: Sendable, Equatable {
  package var certificate: String
  package var privateKey: String
  /// With it clients must show a certificate that one of these has signed.
  package var clientCA: String?
  /// `1.2` or `1.3`
  package var minimumVersion: String

  /// Paths are not looked at here; `minimumVersion` is `1.2` or `1.3`.
  package init(
    certificate: String, privateKey: String, clientCA: String? = nil, minimumVersion: String
  ) {
    self.certificate = certificate
    self.privateKey = privateKey
    self.clientCA = clientCA
    self.minimumVersion = minimumVersion
  }

  static let blank = TLSSettings(certificate: "", privateKey: "", minimumVersion: "")
}
