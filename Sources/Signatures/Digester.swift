// OpenSSL's hashes, plain and as HMAC. The key is set once; a request only starts over, feeds and
// finishes, without an allocation.

import COpenSSL

/// A hash or keyed MAC that is used again and again. To be used by one thread at a time.
final class Digester {
  /// Large enough for any digest.
  static let bytesMax = 64

  private let hash: HashFunctions
  /// The state at work, then those in which an HMAC's inner and outer hash begin.
  private let states: UnsafeMutableRawPointer
  private let isKeyed: Bool

  /// `key` is not used by a plain hash.
  init(_ algorithm: Scheme.Algorithm, key: [UInt8]) throws(SchemeError) {
    switch algorithm {
    case .hmac(let hash): (self.hash, isKeyed) = (hash.functions, true)
    case .plain(let hash): (self.hash, isKeyed) = (hash.functions, false)
    case .ed25519, .ecdsa, .certificate, .secret, .open:
      throw .cryptography("a digest for a scheme that has none")
    }
    states = .allocate(byteCount: hash.stateBytes * 3, alignment: 16)
    hash.start(working)
    hash.start(inner)
    hash.start(outer)
    if isKeyed { setKey(key) }
  }

  deinit {
    // The key could be computed from some of it.
    OPENSSL_cleanse(states, hash.stateBytes * 3)
    states.deallocate()
  }

  func start() { working.copyMemory(from: inner, byteCount: hash.stateBytes) }

  func update(_ bytes: UnsafeRawBufferPointer) {
    guard let base = bytes.baseAddress else { return }
    hash.update(working, base, bytes.count)
  }

  /// Writes the digest to `out`, which has room for it; returns its length. `start` must follow.
  func finish(into out: UnsafeMutableRawBufferPointer) -> Int {
    precondition(out.count >= hash.digestBytes, "Digester: no room for the digest")
    guard let base = out.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return 0 }
    hash.finish(working, base)
    guard isKeyed else { return hash.digestBytes }
    working.copyMemory(from: outer, byteCount: hash.stateBytes)
    hash.update(working, base, hash.digestBytes)
    hash.finish(working, base)
    return hash.digestBytes
  }

  private var working: UnsafeMutableRawPointer { states }
  private var inner: UnsafeMutableRawPointer { states + hash.stateBytes }
  private var outer: UnsafeMutableRawPointer { states + hash.stateBytes * 2 }

  /// RFC 2104: both hashes begin with a block that is made of the key.
  private func setKey(_ key: [UInt8]) {
    var block = [UInt8](repeating: 0, count: hash.blockBytes)
    if key.count > hash.blockBytes {
      block.withUnsafeMutableBytes { block in
        guard let base = block.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        key.withUnsafeBytes { update($0) }
        hash.finish(working, base)
      }
    } else {
      block.replaceSubrange(0..<key.count, with: key)
    }
    for (state, pad) in [(inner, UInt8(0x36)), (outer, UInt8(0x5C))] {
      block.map { $0 ^ pad }.withUnsafeBytes { padded in
        guard let base = padded.baseAddress else { return }
        hash.update(state, base, padded.count)
      }
    }
    block.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
  }
}

/// One hash of OpenSSL's, by its own functions. They are said to be deprecated since 3.0 and do the
/// same work as EVP, which allocates, copies and frees a context for each of an HMAC's two hashes.
/// None of them can fail.
struct HashFunctions: Sendable {
  let stateBytes: Int
  let blockBytes: Int
  let digestBytes: Int
  let start: @convention(c) (UnsafeMutableRawPointer) -> Void
  let update: @convention(c) (UnsafeMutableRawPointer, UnsafeRawPointer, Int) -> Void
  let finish: @convention(c) (UnsafeMutableRawPointer, UnsafeMutablePointer<UInt8>) -> Void

  static let sha1 = HashFunctions(
    stateBytes: MemoryLayout<SHA_CTX>.stride, blockBytes: 64, digestBytes: 20,
    start: { SHA1_Init($0.assumingMemoryBound(to: SHA_CTX.self)) },
    update: { SHA1_Update($0.assumingMemoryBound(to: SHA_CTX.self), $1, $2) },
    finish: { SHA1_Final($1, $0.assumingMemoryBound(to: SHA_CTX.self)) })

  static let sha256 = HashFunctions(
    stateBytes: MemoryLayout<SHA256_CTX>.stride, blockBytes: 64, digestBytes: 32,
    start: { SHA256_Init($0.assumingMemoryBound(to: SHA256_CTX.self)) },
    update: { SHA256_Update($0.assumingMemoryBound(to: SHA256_CTX.self), $1, $2) },
    finish: { SHA256_Final($1, $0.assumingMemoryBound(to: SHA256_CTX.self)) })

  static let sha512 = HashFunctions(
    stateBytes: MemoryLayout<SHA512_CTX>.stride, blockBytes: 128, digestBytes: 64,
    start: { SHA512_Init($0.assumingMemoryBound(to: SHA512_CTX.self)) },
    update: { SHA512_Update($0.assumingMemoryBound(to: SHA512_CTX.self), $1, $2) },
    finish: { SHA512_Final($1, $0.assumingMemoryBound(to: SHA512_CTX.self)) })
}

extension Scheme.Hash {
  var functions: HashFunctions {
    switch self {
    case .sha1: .sha1
    case .sha256: .sha256
    case .sha512: .sha512
    }
  }

  var opensslName: String {
    switch self {
    case .sha1: "SHA1"
    case .sha256: "SHA256"
    case .sha512: "SHA512"
    }
  }
}
