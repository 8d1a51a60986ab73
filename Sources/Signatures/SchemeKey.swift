// A configured secret in the form in which a scheme of any kind uses it.

import COpenSSL

/// One secret, ready for use. To be used by one thread at a time.
enum SchemeKey {
  /// Feeds a MAC or a hash; the bytes are for `{secret}`.
  case digest(Digester, [UInt8])
  case publicKey(PublicKey)
  /// Compared as it is, or named in what is signed.
  case text([UInt8])
  /// Names and values that must all be there.
  case pairs([(name: String, value: [UInt8])])

  init(_ text: String, at index: Int, of scheme: Scheme) throws(SchemeError) {
    func undecodable(_ expected: String) -> SchemeError {
      .undecodableSecret(scheme: scheme.name, index: index, expected: expected)
    }
    guard text.utf8.contains(where: { $0 > 0x20 }) else {
      throw .emptySecret(scheme: scheme.name, index: index)
    }
    switch scheme.algorithm {
    case .hmac, .plain:
      let secret = try SigningPlan.Secret(text, at: index, of: scheme)
      self = .digest(secret.digester, secret.key)
    case .ed25519:
      let bytes = try SigningPlan.Secret.decoded(text, at: index, of: scheme)
      guard let key = PublicKey(ed25519: bytes) else {
        throw undecodable("a public key of 32 bytes")
      }
      self = .publicKey(key)
    case .ecdsa:
      guard let bytes = ASCII.base64Decoded(Self.withoutPEM(text)),
        let key = PublicKey(subjectPublicKeyInfo: bytes), key.kind == .ellipticCurve
      else { throw undecodable("an elliptic curve's public key in base64") }
      self = .publicKey(key)
    case .certificate: self = .text(Array(text.utf8))
    case .secret:
      guard scheme.at == .headers || scheme.at == .queries else {
        self = .text(Array(text.utf8))
        return
      }
      guard let pairs = JSONPairs.parse(text) else {
        throw undecodable("a JSON object of names and values")
      }
      self = .pairs(pairs)
    case .open: self = .text([])
    }
  }

  private static func withoutPEM(_ text: String) -> String {
    text.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("-----") }.joined()
  }

  /// The bytes that `{secret}` stands for.
  var bytes: [UInt8] {
    switch self {
    case .digest(_, let bytes), .text(let bytes): bytes
    case .publicKey, .pairs: []
    }
  }
}

/// Comparing what must not be guessed piece by piece.
enum SecretComparison {
  /// In constant time, also where the lengths differ.
  static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    let hashes = [left, right].map { bytes in
      bytes.withUnsafeBytes { Array(BodyHash.sha256($0).utf8) }
    }
    guard hashes[0].count == 64 else { return false }
    return CRYPTO_memcmp(hashes[0], hashes[1], 64) == 0
  }

  static func isEqual(_ left: [UInt8], _ right: [UInt8], _ form: Scheme.SecretForm) -> Bool {
    switch form {
    case .exact: return isEqual(left, right)
    case .salesforceID:
      guard [15, 18].contains(left.count), [15, 18].contains(right.count) else { return false }
      return isEqual(Array(left.prefix(15)), Array(right.prefix(15)))
    }
  }
}
