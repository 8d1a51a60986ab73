// One request with the judgement that is expected of it: a row of a file of vectors.
import FoundationEssentials
import Signatures

/// A row; members that are not named here are for people.
struct Vector: Decodable, Sendable {
  struct Repeated: Decodable, Sendable {
    var char: String
    var count: Int
  }

  /// What must be answered; only what is named is compared.
  struct Respond: Decodable, Sendable {
    var status: Int?
    var body: String?
    var contentType: String?

    enum CodingKeys: String, CodingKey {
      case status, body
      case contentType = "content_type"
    }
  }

  var id: String
  var provider: String?
  var scheme: String
  /// Nil: nothing is verified, as in handshakes that are not signed.
  var secret: String?
  var fallbackSecrets: [String]?
  var method: String?
  /// Nil where the scheme does not sign it.
  var url: String?
  var headers: [String: String]?
  var body: String?
  var bodyRepeat: Repeated?
  /// The clock, in seconds since the Unix epoch.
  var now: Int64
  /// `valid` or `invalid`
  var expect: String
  /// Nil: the scheme's own; 0: any age.
  var toleranceS: Int64?
  /// What the URL of a certificate leads to.
  var certPEM: String?
  var respond: Respond?
  var needs: String?
  var quirk: String?

  enum CodingKeys: String, CodingKey {
    case id, provider, scheme, secret, method, url, headers, body, now, expect, respond, needs
    case quirk
    case fallbackSecrets = "fallback_secrets"
    case bodyRepeat = "body_repeat"
    case toleranceS = "tolerance_s"
    case certPEM = "cert_pem"
  }

  /// A body of repeated characters is for tests of size, not of memory.
  static let bodyBytesMax = 64 << 20

  var bytes: [UInt8] {
    if let body { return Array(body.utf8) }
    guard let bodyRepeat else { return [] }
    let unit = Array(bodyRepeat.char.utf8)
    let count = min(max(bodyRepeat.count, 0), Self.bodyBytesMax / max(unit.count, 1))
    return Array(repeatElement(unit, count: count).joined())
  }

  /// As a server reads them: without white space around the value.
  var headerList: [(String, String)] {
    (headers ?? [:]).sorted { $0.key < $1.key }.map { name, value in
      (name, String(decoding: value.utf8.trimmedOfBlanks, as: UTF8.self))
    }
  }

  /// Path and query of the URL.
  var target: String {
    guard let url, let scheme = url.firstRange(ofText: "://") else { return "/hooks/source" }
    let rest = url[scheme.upperBound...]
    let target = rest.drop { $0 != "/" && $0 != "?" }
    return target.hasPrefix("/") ? String(target) : "/" + target
  }

  /// What is registered with the provider: the URL without its query, which comes with the request.
  var registeredURL: String? {
    url.map { String($0.prefix { $0 != "?" }) }
  }
}

extension String.UTF8View {
  var trimmedOfBlanks: [UInt8] {
    func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
    return Array(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
  }
}

extension String {
  /// The first place of a text, without Foundation.
  func firstRange(ofText text: String) -> Range<String.Index>? {
    indices.lazy.compactMap { start -> Range<String.Index>? in
      guard self[start...].hasPrefix(text) else { return nil }
      return start..<self.index(start, offsetBy: text.count)
    }.first
  }
}
