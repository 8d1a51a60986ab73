// The completed map as a text: both payloads, the limit, and what is not believed.
import Model
import Testing

@testable import Lanes

@Suite struct OffsetMapTests {
  /// Texts that must be read for ever: they lie in clusters.
  @Test func knownTexts() {
    let runs = OffsetMap(frontier: 1000, completed: [1001..<51_001])
    #expect(runs.encode() == "h1AAHQhgOTWUqE")
    #expect(OffsetMap(decoding: "h1AAHQhgOTWUqE", frontier: 1000) == runs)
    let bits = OffsetMap(frontier: 7, completed: [8..<9, 10..<11, 12..<13])
    #expect(bits.encode() == "h1ASrP0KqT")
    #expect(OffsetMap(decoding: "h1ASrP0KqT", frontier: 7) == bits)
  }

  /// The check value of RFC 3720's polynomial.
  @Test func checksum() {
    var sum = CRC32C()
    sum.add("123456789".utf8)
    #expect(sum.value == 0xE306_9283)
  }

  @Test func nothingCompletedIsAnEmptyText() {
    let map = OffsetMap(frontier: 3, completed: [])
    #expect(map.encode() == "")
    #expect(map.charactersNeeded == 0)
    #expect(OffsetMap(decoding: "", frontier: 3) == nil)
  }

  @Test func firstOffsetMayBeCompleted() {
    for upper: Int64 in [6, 2000] {
      let map = OffsetMap(frontier: 5, completed: [5..<upper])
      #expect(OffsetMap(decoding: map.encode(), frontier: 5) == map)
    }
  }

  @Test func largestOffsets() {
    let map = OffsetMap(frontier: 0, completed: [1..<Int64.max])
    #expect(OffsetMap(decoding: map.encode(), frontier: 0) == map)
    let high = OffsetMap(frontier: .max - 9, completed: [(.max - 8)..<(.max)])
    #expect(OffsetMap(decoding: high.encode(), frontier: .max - 9) == high)
  }

  @Test(arguments: ["", "h", "h1", "h2AAHQhgPdO7oC", "h1AAHQhgOTWUq", "h1AAHQhgOTWUqF", "h1!!!!"])
  func notBelieved(text: String) { #expect(OffsetMap(decoding: text, frontier: 1000) == nil) }

  @Test func notBelievedAtAnotherOffset() {
    let text = OffsetMap(frontier: 1000, completed: [1001..<1005]).encode()
    #expect(OffsetMap(decoding: text, frontier: 1000) != nil)
    #expect(OffsetMap(decoding: text, frontier: 1001) == nil)
    #expect(OffsetMap(decoding: text, frontier: -1) == nil)
  }

  @Test func notBelievedPastTheLimit() {
    let map = OffsetMap(frontier: 0, completed: (1...900).map { ($0 * 1000)..<($0 * 1000 + 500) })
    let text = map.encode(charactersMax: 8192)
    #expect(text.utf8.count > OffsetMap.charactersMax)
    #expect(OffsetMap(decoding: text, frontier: 0) == nil)
    #expect(OffsetMap(decoding: text, frontier: 0, charactersMax: 8192) == map)
  }

  /// Sound checksums over unsound payloads: no crash, no belief.
  @Test(
    arguments: [
      [2, 1, 1], [0, 1], [0, 1, 0], [0, 1, 1, 0, 1], [0, 0x80], [1, 0],
      [0, 1] + [UInt8](repeating: 0xFF, count: 8) + [0x7F],
      [0, 1] + [UInt8](repeating: 0xFF, count: 9) + [0x01],
    ] as [[UInt8]])
  func unsoundPayloads(body: [UInt8]) {
    #expect(OffsetMap(decoding: OffsetMapText.sealed(body, frontier: 9), frontier: 9) == nil)
  }

  @Test func bitsPastTheLargestOffsetAreNotBelieved() {
    let text = OffsetMapText.sealed([1, 0xFF, 0xFF], frontier: .max - 8)
    #expect(OffsetMap(decoding: text, frontier: .max - 8) == nil)
  }

  /// Random maps of every density, at random limits: what is read is the lowest part of what was
  /// written, all of it where it fits.
  @Test func roundTripsAndTruncations() {
    for seed in 0..<1000 {
      var random = SplitMix64(seed: UInt64(seed))
      let map = OffsetMapText.random(&random)
      let limit = Int.random(in: 0...600, using: &random)
      let text = map.encode(charactersMax: limit)
      #expect(text.utf8.count <= limit, "seed \(seed)")
      let read = OffsetMap(decoding: text, frontier: map.frontier)
      #expect(text.isEmpty == (read == nil), "seed \(seed)")
      if map.charactersNeeded <= limit {
        #expect(read?.completed ?? [] == map.completed, "seed \(seed)")
        #expect(text.utf8.count == map.charactersNeeded, "seed \(seed)")
      } else {
        let cut = read?.completed.last?.upperBound ?? map.frontier
        let lowest = map.completed.compactMap { range in
          range.lowerBound < cut ? range.lowerBound..<min(range.upperBound, cut) : nil
        }
        #expect(read?.completed ?? [] == lowest, "seed \(seed)")
        // Less than a byte's worth of what fits may be left out.
        #expect(limit < 20 || text.utf8.count > limit - 12, "seed \(seed)")
      }
    }
  }

  /// Any one character changed: not believed, or (in the last character's unused bits) the same.
  @Test func damage() {
    for seed in 0..<200 {
      var random = SplitMix64(seed: UInt64(seed))
      let map = OffsetMapText.random(&random)
      var text = [UInt8](map.encode().utf8)
      guard !text.isEmpty else { continue }
      let index = Int.random(in: 0..<text.count, using: &random)
      text[index] ^= UInt8.random(in: 1...127, using: &random)
      let read = OffsetMap(decoding: String(decoding: text, as: UTF8.self), frontier: map.frontier)
      #expect(read == nil || read == map, "seed \(seed)")
    }
  }
}

/// Maps and texts to test with.
enum OffsetMapText {
  static func random(_ random: inout SplitMix64) -> OffsetMap {
    let frontier = Int64.random(in: 0...1 << 40, using: &random)
    let gapMax = Int64(1) << Int64.random(in: 0...10, using: &random)
    let runMax = Int64(1) << Int64.random(in: 0...10, using: &random)
    var at = frontier
    let ranges = (0..<Int.random(in: 0...300, using: &random)).map { _ in
      let lower = at + Int64.random(in: 1...gapMax, using: &random)
      at = lower + Int64.random(in: 1...runMax, using: &random)
      return lower..<at
    }
    return OffsetMap(frontier: frontier, completed: ranges)
  }

  /// A body with a checksum that fits it.
  static func sealed(_ body: [UInt8], frontier: Int64) -> String {
    let sum = OffsetMap.checksum(frontier: frontier, body[...])
    let tail = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: sum >> UInt32($0)) }
    return OffsetMap.prefix + Base64.text(body + tail)
  }
}

/// Base64 by the book, so that a text can be made without the code under test.
private enum Base64 {
  private static let alphabet = [UInt8](
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  static func text(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = (0..<3).reduce(UInt32(0)) {
        $0 << 8 | (start + $1 < bytes.count ? UInt32(bytes[start + $1]) : 0)
      }
      for place in 0..<4 {
        let isPadding = place > group.count
        text.append(
          isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> UInt32(18 - 6 * place) & 63)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
