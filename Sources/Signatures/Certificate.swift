// An X.509 certificate: its key, its names and how long it holds.

import COpenSSL
import Model

/// The first certificate of a PEM text. Immutable; the key is made anew for each user.
struct Certificate: Sendable {
  /// DER.
  let bytes: [UInt8]
  /// Common name and DNS names, in lower case.
  let names: [String]
  let notBeforeMs: Int64
  let notAfterMs: Int64

  /// Nil unless the text is one or more certificates in PEM and nothing else.
  init?(pem: [UInt8]) {
    let text = String(decoding: pem, as: UTF8.self)
    guard let der = Self.first(in: text) else { return nil }
    let read: (names: [String], from: Int64, to: Int64)? = Self.with(der) { certificate in
      guard let from = Self.milliseconds(X509_get0_notBefore(certificate)),
        let to = Self.milliseconds(X509_get0_notAfter(certificate))
      else { return nil }
      return (Self.names(certificate), from, to)
    }
    guard let read else { return nil }
    bytes = der
    names = read.names
    notBeforeMs = read.from
    notAfterMs = read.to
  }

  func publicKey() -> PublicKey? {
    Self.with(bytes) { certificate in
      X509_get_pubkey(certificate).map { PublicKey(owning: $0) }
    }
  }

  func holds(atMs nowMs: Int64) -> Bool { nowMs >= notBeforeMs && nowMs <= notAfterMs }

  private static let begin = "-----BEGIN CERTIFICATE-----"
  private static let end = "-----END CERTIFICATE-----"

  private static func first(in text: String) -> [UInt8]? {
    var first: [UInt8]?
    var current: String?
    for line in text.split(whereSeparator: \.isNewline) {
      let line = line.trimmed
      switch (line, current) {
      case (begin, nil): current = ""
      case (end, let base64?):
        guard let der = ASCII.base64Decoded(base64), !der.isEmpty else { return nil }
        first = first ?? der
        current = nil
      case ("", nil): continue
      case (_, let base64?): current = base64 + line
      default: return nil
      }
    }
    return current == nil ? first : nil
  }

  private static func with<Result>(
    _ der: [UInt8], _ body: (OpaquePointer) -> Result?
  ) -> Result? {
    let certificate = der.withUnsafeBufferPointer { bytes in
      var at = bytes.baseAddress
      return d2i_X509(nil, &at, bytes.count)
    }
    guard let certificate else {
      ERR_clear_error()
      return nil
    }
    defer { X509_free(certificate) }
    return body(certificate)
  }

  private static func names(_ certificate: OpaquePointer) -> [String] {
    var names: [String] = []
    if let subject = X509_get_subject_name(certificate) {
      var at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1)
      while at >= 0 {
        if let entry = X509_NAME_get_entry(subject, at),
          let text = X509_NAME_ENTRY_get_data(entry), let name = string(text)
        {
          names.append(name)
        }
        at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)
      }
    }
    return names
  }

  private static func string(_ text: UnsafeMutablePointer<ASN1_STRING>) -> String? {
    var utf8: UnsafeMutablePointer<UInt8>?
    let count = ASN1_STRING_to_UTF8(&utf8, text)
    guard count > 0, let utf8 else { return nil }
    defer { CRYPTO_free(utf8, "", 0) }
    let bytes = UnsafeBufferPointer(start: utf8, count: Int(count))
    return String(decoding: bytes.map(ASCII.lowercased), as: UTF8.self)
  }

  private static func milliseconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64? {
    guard let time else { return nil }
    var parts = tm()
    guard ASN1_TIME_to_tm(time, &parts) == 1 else { return nil }
    return Int64(timegm(&parts)) * 1000
  }
}

extension Substring {
  fileprivate var trimmed: String {
    let start = drop { $0.isWhitespace }
    return String(String(start.reversed().drop { $0.isWhitespace }).reversed())
  }
}
