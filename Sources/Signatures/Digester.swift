// OpenSSL's hashes and MACs. The algorithm is fetched once a process and the key is set once; a
// request only starts over, feeds and finishes.

import COpenSSL

/// A hash or keyed MAC that is used again and again. To be used by one thread at a time.
final class Digester {
  /// Large enough for any digest.
  static let bytesMax = 64

  private enum Context {
    case mac(OpaquePointer)
    case plain(OpaquePointer, OpaquePointer)
  }

  private let context: Context

  /// `key` is not used by a plain hash.
  init(_ algorithm: Scheme.Algorithm, key: [UInt8]) throws(SchemeError) {
    switch algorithm {
    case .hmac(let hash): context = .mac(try Self.keyedMAC(hash, key: key))
    case .plain(let hash):
      guard let digest = EVP_MD_fetch(nil, hash.opensslName, nil) else {
        throw .cryptography(hash.opensslName)
      }
      guard let plain = EVP_MD_CTX_new() else {
        EVP_MD_free(digest)
        throw .cryptography(hash.opensslName)
      }
      context = .plain(plain, digest)
    case .ed25519, .ecdsa, .certificate, .secret, .open:
      throw .cryptography("a digest for a scheme that has none")
    }
  }

  deinit {
    switch context {
    case .mac(let mac): EVP_MAC_CTX_free(mac)
    case .plain(let plain, let digest):
      EVP_MD_CTX_free(plain)
      EVP_MD_free(digest)
    }
  }

  /// False when OpenSSL fails, which only memory exhaustion brings about.
  func start() -> Bool {
    switch context {
    // Without a key: the one that is set stays, the state starts over.
    case .mac(let mac): EVP_MAC_init(mac, nil, 0, nil) == 1
    case .plain(let plain, let digest): EVP_DigestInit_ex2(plain, digest, nil) == 1
    }
  }

  func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress, !bytes.isEmpty else { return true }
    return switch context {
    case .mac(let mac):
      EVP_MAC_update(mac, base.assumingMemoryBound(to: UInt8.self), bytes.count) == 1
    case .plain(let plain, _): EVP_DigestUpdate(plain, base, bytes.count) == 1
    }
  }

  /// Writes the digest; nil when OpenSSL fails.
  func finish(into out: UnsafeMutableRawBufferPointer) -> Int? {
    let base = out.baseAddress?.assumingMemoryBound(to: UInt8.self)
    switch context {
    case .mac(let mac):
      var count = 0
      return EVP_MAC_final(mac, base, &count, out.count) == 1 ? count : nil
    case .plain(let plain, _):
      var count: UInt32 = 0
      return EVP_DigestFinal_ex(plain, base, &count) == 1 ? Int(count) : nil
    }
  }

  private static func keyedMAC(
    _ hash: Scheme.Hash, key: [UInt8]
  ) throws(SchemeError) -> OpaquePointer {
    guard let hmac = EVP_MAC_fetch(nil, "HMAC", nil) else { throw .cryptography("HMAC") }
    // The context keeps its own reference to the algorithm.
    defer { EVP_MAC_free(hmac) }
    guard let mac = EVP_MAC_CTX_new(hmac) else { throw .cryptography("HMAC") }
    var name = Array(hash.opensslName.utf8CString)
    let isReady = name.withUnsafeMutableBufferPointer { name in
      let parameters = [
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name.baseAddress, 0),
        OSSL_PARAM_construct_end(),
      ]
      return EVP_MAC_init(mac, key, key.count, parameters) == 1
    }
    guard isReady else {
      EVP_MAC_CTX_free(mac)
      throw .cryptography("HMAC-\(hash.opensslName)")
    }
    return mac
  }
}

extension Scheme.Hash {
  var opensslName: String {
    switch self {
    case .sha1: "SHA1"
    case .sha256: "SHA256"
    case .sha512: "SHA512"
    }
  }
}
