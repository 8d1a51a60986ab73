// What a connection knows of its other end, found out once and only when asked for.

import Model
import NIOCore
import NIOSSL
import NIOTLS
import Settings
import Signatures

/// Confined to the connection's event loop.
struct ConnectionPeer {
  /// Where the connection is counted for its sender.
  let counted: IPAddress?
  private let isSecure: Bool
  private let asksForCertificate: Bool
  private(set) var isHandshaking: Bool
  private var subject: String?
  private var known: RequestOrigin.Peer?

  init(_ tls: TLSIdentity?, counted: IPAddress? = nil) {
    self.counted = counted
    isSecure = tls != nil
    isHandshaking = tls != nil
    asksForCertificate = tls?.asksForCertificate ?? false
  }

  /// True when the event ended the handshake.
  mutating func noteEvent(_ event: Any, _ context: ChannelHandlerContext) -> Bool {
    guard isHandshaking, let event = event as? TLSUserEvent, case .handshakeCompleted = event else {
      return false
    }
    isHandshaking = false
    if asksForCertificate,
      let certificate = try? context.pipeline.syncOperations.nioSSL_peerCertificate(),
      let der = try? certificate.toDERBytes()
    {
      subject = CertificateSubject.text(der: der)
    }
    return true
  }

  /// Nil where nobody asks: no trusted proxies, no client certificate, no networks of the source.
  mutating func origin(
    of head: ByteBuffer, _ fields: [RequestView.Field], for source: SourceGuard,
    _ trusted: [IPNetwork], _ context: ChannelHandlerContext?
  ) -> RequestOrigin? {
    guard !trusted.isEmpty || asksForCertificate || source.allowedNetworks != nil else {
      return nil
    }
    let peer =
      known
      ?? RequestOrigin.Peer(
        address: context?.channel.remoteAddress?.ipAddress.flatMap { IPAddress($0) },
        isSecure: isSecure, subject: subject)
    known = peer
    return head.withUnsafeReadableBytes { head in
      fields.withUnsafeBufferPointer { fields in
        RequestOrigin(peer, head: head, fields: fields, trusted: trusted)
      }
    }
  }

  /// When a connection that begins now is old; connections that began together end apart.
  static func oldMs(_ settings: ReceiverSettings, nowMs: Int64) -> Int64 {
    let ageMs = Int64(settings.edge.connectionMaxAgeMs)
    guard ageMs > 0 else { return .max }
    return nowMs + Int64.random(in: (ageMs - ageMs / 10)...(ageMs + ageMs / 10))
  }
}

extension HeadParser {
  init(_ settings: ReceiverSettings) {
    self.init(
      headerBytesMax: settings.headerBytesMax, fieldsMax: settings.edge.headerCountMax)
  }
}

extension IPNetwork {
  /// The settings were checked when they were read.
  static func list(_ texts: [String]) -> [IPNetwork] { texts.compactMap { try? IPNetwork($0) } }
}

extension RequestView {
  /// `bytes` begin with the head.
  init(
    _ bytes: UnsafeRawBufferPointer, _ head: RequestHead, _ fields: UnsafeBufferPointer<Field>,
    body: UnsafeRawBufferPointer
  ) {
    self.init(
      method: UnsafeRawBufferPointer(rebasing: bytes[head.method]),
      target: UnsafeRawBufferPointer(rebasing: bytes[head.target]), head: bytes, fields: fields,
      body: body)
  }
}
