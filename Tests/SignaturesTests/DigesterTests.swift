// Digests against OpenSSL's own one-call functions and the vectors of RFC 4231.

import COpenSSL
@testable import Signatures
import Testing

@Suite struct DigesterTests {
  static let hashes: [(Scheme.Hash, String)] = [
    (.sha1, "SHA1"), (.sha256, "SHA256"), (.sha512, "SHA512"),
  ]

  /// The digest of pieces that are fed one after the other.
  static func digest(_ digester: Digester, _ pieces: [[UInt8]]) -> [UInt8] {
    digester.start()
    for piece in pieces { piece.withUnsafeBytes { digester.update($0) } }
    var out = [UInt8](repeating: 0, count: Digester.bytesMax)
    let count = out.withUnsafeMutableBytes { digester.finish(into: $0) }
    return Array(out[..<count])
  }

  static func bytes(_ count: Int, from seed: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 167 &+ 13) }
  }

  @Test(arguments: hashes) func plainHashes(hash: Scheme.Hash, name: String) throws {
    let digester = try Digester(.plain(hash), key: [])
    for count in [0, 1, 55, 56, 63, 64, 65, 111, 112, 127, 128, 129, 1000, 70_000] {
      let text = Self.bytes(count, from: count)
      var expected = [UInt8](repeating: 0, count: 64)
      var length = 0
      try #require(
        EVP_Q_digest(nil, name, nil, text, text.count, &expected, &length) == 1)
      let pieces = [Array(text.prefix(count / 3)), [], Array(text.dropFirst(count / 3))]
      #expect(Self.digest(digester, pieces) == Array(expected[..<length]), "\(count) bytes")
    }
  }

  /// Keys shorter than, as long as, and longer than a block of either size.
  @Test(arguments: hashes) func keyedHashes(hash: Scheme.Hash, name: String) throws {
    for keyCount in [1, 20, 63, 64, 65, 127, 128, 129, 300] {
      let key = Self.bytes(keyCount, from: keyCount)
      let digester = try Digester(.hmac(hash), key: key)
      for count in [0, 1, 64, 1100] {
        let text = Self.bytes(count, from: count)
        var expected = [UInt8](repeating: 0, count: 64)
        var length = 0
        let result = EVP_Q_mac(
          nil, "HMAC", nil, name, nil, key, key.count, text, text.count, &expected, 64, &length)
        try #require(result != nil)
        // Twice: the first must leave nothing behind.
        for _ in 0..<2 {
          #expect(
            Self.digest(digester, [text]) == Array(expected[..<length]),
            "key of \(keyCount), text of \(count) bytes")
        }
      }
    }
  }

  /// RFC 4231, test cases 2 and 6.
  @Test func publishedVectors() throws {
    let short = try Digester(.hmac(.sha256), key: Array("Jefe".utf8))
    #expect(
      Self.hex(Self.digest(short, [Array("what do ya want ".utf8), Array("for nothing?".utf8)]))
        == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    let long = try Digester(.hmac(.sha256), key: [UInt8](repeating: 0xAA, count: 131))
    let text = "Test Using Larger Than Block-Size Key - Hash Key First"
    #expect(
      Self.hex(Self.digest(long, [Array(text.utf8)]))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  private static func hex(_ bytes: [UInt8]) -> String {
    bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }
}
