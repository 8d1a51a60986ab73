// The hashes that schemes use, as OpenSSL's own functions.

import COpenSSL

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
