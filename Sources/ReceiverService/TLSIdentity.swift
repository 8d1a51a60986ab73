// Certificate, key and those who may sign clients' certificates: read from files, checked, and
// exchanged while connections come in.

import Glibc
import Model
import NIOCore
import NIOSSL
import Settings
import Synchronization
import Telemetry

/// One set of TLS files that fit together. Any thread.
struct TLSIdentity: Sendable {
  let context: NIOSSLContext
  /// Milliseconds since the Unix epoch.
  let expiresAtMs: Int64
  let asksForCertificate: Bool

  /// Blocks on the files. Problems name the setting and what to do.
  static func load(_ settings: TLSSettings) throws(ReceiverError) -> TLSIdentity {
    var problems: [String] = []
    func read<Value>(
      _ setting: String, _ path: String, _ remedy: String, _ body: (String) throws -> Value
    ) -> Value? {
      guard access(path, R_OK) == 0 else {
        problems.append(
          "receiver.tls.\(setting): cannot read \(path): \(String(cString: strerror(errno)))")
        return nil
      }
      do { return try body(path) } catch {
        problems.append("receiver.tls.\(setting): \(path) \(remedy) (\(error))")
        return nil
      }
    }
    let chain = read("certificate", settings.certificate, "is not a PEM certificate") { path in
      let chain = try NIOSSLCertificate.fromPEMFile(path)
      guard !chain.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
      return chain
    }
    let key = read(
      "private_key", settings.privateKey, "is not a PEM private key without pass phrase"
    ) {
      try NIOSSLPrivateKey(file: $0, format: .pem)
    }
    let authorities = settings.clientCA.flatMap { path in
      read("client_ca", path, "holds no PEM certificate") { path in
        let authorities = try NIOSSLCertificate.fromPEMFile(path)
        guard !authorities.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
        return authorities
      }
    }
    guard problems.isEmpty, let chain, let key else { throw ReceiverError(problems: problems) }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = settings.minimumVersion == "1.3" ? .tlsv13 : .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    configuration.shutdownTimeout = .seconds(1)
    if let authorities {
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .certificates(authorities)
    }
    do {
      return TLSIdentity(
        context: try NIOSSLContext(configuration: configuration),
        expiresAtMs: Int64(chain[0].notValidAfter) * 1000,
        asksForCertificate: authorities != nil)
    } catch {
      throw ReceiverError(problems: [
        "receiver.tls: \(settings.certificate) and \(settings.privateKey) do not belong together:"
          + " put the certificate and its own key there (\(error))"
      ])
    }
  }
}

/// The identity that new connections get; nil: they speak plain HTTP. Any thread.
final class TLSInForce: Sendable {
  private let identity: Mutex<TLSIdentity?>

  init(_ identity: TLSIdentity?) { self.identity = Mutex(identity) }

  var current: TLSIdentity? { identity.withLock { $0 } }

  func adopt(_ new: TLSIdentity?) { identity.withLock { $0 = new } }
}
