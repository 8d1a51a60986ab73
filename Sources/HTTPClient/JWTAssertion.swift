// The signed statement of RFC 7523: who asks, for whom, and until when.

/// What goes into an assertion, and the key that signs it.
package struct JWTAssertion: Sendable {
  package var issuer: String
  package var subject: String
  package var audience: String
  /// The `kid` of the header, where the other side knows several keys.
  package var keyId: String?
  /// Salesforce takes 3 minutes at most, Google an hour.
  package var lifetimeS: Int64
  /// RS256 over the bytes given.
  package var sign: @Sendable ([UInt8]) throws -> [UInt8]

  package init(
    issuer: String, subject: String, audience: String, keyId: String? = nil,
    lifetimeS: Int64 = 180, sign: @escaping @Sendable ([UInt8]) throws -> [UInt8]
  ) {
    self.issuer = issuer
    self.subject = subject
    self.audience = audience
    self.keyId = keyId
    self.lifetimeS = lifetimeS
    self.sign = sign
  }

  /// Google wants the scope in here, others as a form field: it is sent both ways.
  func signed(epochS: Int64, scope: String?) throws -> String {
    var header = [("alg", "\"RS256\""), ("typ", "\"JWT\"")]
    if let keyId { header.append(("kid", Self.quoted(keyId))) }
    var claims = [
      ("iss", Self.quoted(issuer)), ("sub", Self.quoted(subject)),
      ("aud", Self.quoted(audience)), ("iat", String(epochS)),
      ("exp", String(epochS + lifetimeS)),
    ]
    if let scope { claims.append(("scope", Self.quoted(scope))) }
    let message = [header, claims].map {
      Base64.encodeForURL(Array(Self.object($0).utf8))
    }.joined(separator: ".")
    return message + "." + Base64.encodeForURL(try sign(Array(message.utf8)))
  }

  private static func object(_ members: [(String, String)]) -> String {
    "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": out += "\\" + String(scalar)
      case _ where scalar.value < 0x20:
        let digits = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
