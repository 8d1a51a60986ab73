// Bodies that inflate, and the many that must not.

import CZlib
import Testing

@testable import Inflation

@Suite struct InflaterTests {
  /// `hello hello hello hello` and a line feed, as Python's gzip and zlib write it.
  static let gzip: [UInt8] = [
    0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57,
    0xC8, 0x40, 0x27, 0xB9, 0x00, 0x00, 0x88, 0x59, 0x0B, 0x18, 0x00, 0x00, 0x00,
  ]
  static let deflate: [UInt8] = [
    0x78, 0xDA, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x40, 0x27, 0xB9, 0x00, 0x70, 0xBE, 0x08,
    0xBB,
  ]
  static let text = Array("hello hello hello hello\n".utf8)

  func inflate(
    _ bytes: [UInt8], _ compression: Compression = .gzip, max: Int = 1 << 20,
    admit: (Int) -> Bool = { _ in true }
  ) throws(InflationError) -> [UInt8] {
    try bytes.withUnsafeBytes { bytes in
      Result { () throws(InflationError) in
        try Inflater.inflate(bytes, compression, bytesMax: max, admit: admit)
      }
    }.get()
  }

  /// zlib's own compressor, in zlib's format.
  static func compressed(_ bytes: [UInt8]) -> [UInt8] {
    var count = compressBound(UInt(bytes.count))
    var output = [UInt8](repeating: 0, count: Int(count))
    #expect(compress2(&output, &count, bytes, UInt(bytes.count), 9) == Z_OK)
    return Array(output.prefix(Int(count)))
  }

  @Test func bothFormats() throws {
    #expect(try inflate(Self.gzip) == Self.text)
    #expect(try inflate(Self.deflate, .deflate) == Self.text)
    #expect(try inflate(Self.compressed([]), .deflate) == [])
    let long = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
    #expect(try inflate(Self.compressed(long), .deflate) == long)
  }

  @Test func everyTruncationIsSeen() {
    for count in 0..<Self.gzip.count {
      #expect(throws: InflationError.truncated, "\(count)") {
        try inflate(Array(Self.gzip.prefix(count)))
      }
    }
    for count in 0..<Self.deflate.count {
      #expect(throws: InflationError.truncated, "\(count)") {
        try inflate(Array(Self.deflate.prefix(count)), .deflate)
      }
    }
  }

  @Test func corruption() {
    // The checksum and the length at the end, and the format at the beginning.
    for index in [0, 1, 2, 21, 22, 25, 28] {
      var bytes = Self.gzip
      bytes[index] ^= 0x41
      #expect(throws: InflationError.corrupt, "\(index)") { try inflate(bytes) }
    }
    #expect(throws: InflationError.corrupt) { try inflate(Self.deflate) }
    #expect(throws: InflationError.corrupt) { try inflate(Self.gzip, .deflate) }
    #expect(throws: InflationError.corrupt) { try inflate(Self.text) }
    // Bare deflate, without zlib's header.
    #expect(throws: InflationError.corrupt) {
      try inflate(Array(Self.deflate.dropFirst(2).dropLast(4)), .deflate)
    }
    // Something behind the end, were it another member.
    #expect(throws: InflationError.corrupt) { try inflate(Self.gzip + [0]) }
    #expect(throws: InflationError.corrupt) { try inflate(Self.gzip + Self.gzip) }
  }

  @Test func theLimitIsExact() throws {
    #expect(try inflate(Self.gzip, max: Self.text.count) == Self.text)
    #expect(throws: InflationError.tooLong) { try inflate(Self.gzip, max: Self.text.count - 1) }
  }

  /// 64 MiB out of 64 KiB: ends at the limit, and asks for room step by step before it.
  @Test func bombs() {
    let bomb = Self.compressed([UInt8](repeating: 0, count: 64 << 20))
    #expect(bomb.count < 70_000)
    var granted = 0
    #expect(throws: InflationError.tooLong) {
      try inflate(bomb, .deflate, max: 300_000) { count in
        #expect(count <= Inflater.stepBytes)
        granted += count
        return true
      }
    }
    #expect((200_000...300_000).contains(granted))
    granted = 0
    #expect(throws: InflationError.notAdmitted) {
      try inflate(bomb, .deflate, max: 64 << 20) { count in
        guard granted + count <= 150_000 else { return false }
        granted += count
        return true
      }
    }
    #expect(granted == 2 * Inflater.stepBytes)
  }
}
