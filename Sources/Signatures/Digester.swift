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
