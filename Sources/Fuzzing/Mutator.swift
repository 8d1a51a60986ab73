// Makes new inputs out of good ones.

import Model

/// Mutations that know a target's words. A value; the chance comes from outside.
struct Mutator {
  var words: [[UInt8]]
  var bytesMax = 8192

  func mutated(_ base: [UInt8], others: [[UInt8]], _ random: inout SplitMix64) -> [UInt8] {
    var bytes = base
    for _ in 0..<Int.random(in: 1...5, using: &random) {
      step(&bytes, others, &random)
    }
    if bytes.count > bytesMax { bytes.removeLast(bytes.count - bytesMax) }
    return bytes
  }

  private func step(
    _ bytes: inout [UInt8], _ others: [[UInt8]], _ random: inout SplitMix64
  ) {
    let at = Int.random(in: 0...bytes.count, using: &random)
    let end = min(bytes.count, at + span(&random))
    switch Int.random(in: 0..<12, using: &random) {
    case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
    case 1 where at < bytes.count: bytes[at] = .random(in: 0...255, using: &random)
    case 2: bytes.removeSubrange(at..<end)
    case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
    case 4, 5, 6: bytes.insert(contentsOf: word(&random), at: at)
    case 7:
      let word = word(&random)
      bytes.replaceSubrange(at..<min(bytes.count, at + word.count), with: word)
    case 8: splice(&bytes, at, others, &random)
    case 9: number(&bytes, at, &random)
    case 10: bytes.removeLast(bytes.count - at)
    default: move(&bytes, at, end, &random)
    }
  }

  /// Small mostly, now and then large.
  private func span(_ random: inout SplitMix64) -> Int {
    1 << Int.random(in: 0...(random.chance(0.1) ? 11 : 4), using: &random)
  }

  private func word(_ random: inout SplitMix64) -> [UInt8] {
    words.randomElement(using: &random) ?? []
  }

  private func splice(
    _ bytes: inout [UInt8], _ at: Int, _ others: [[UInt8]], _ random: inout SplitMix64
  ) {
    guard let other = others.randomElement(using: &random) else { return }
    let from = Int.random(in: 0...other.count, using: &random)
    bytes.replaceSubrange(at..., with: other[from...])
  }

  /// The number at or behind a place becomes another one.
  private func number(_ bytes: inout [UInt8], _ at: Int, _ random: inout SplitMix64) {
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let start = bytes[at...].firstIndex(where: digits.contains) else { return }
    let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.endIndex
    let texts = [
      "0", "-1", "1", "255", "65536", "4294967296", "9223372036854775807", "-9223372036854775808",
      "18446744073709551616", "99999999999999999999999", "1e309", "-0", "00", "0x10",
      String(UInt64.random(in: 0...4096, using: &random)),
    ]
    bytes.replaceSubrange(start..<end, with: (texts.randomElement(using: &random) ?? "").utf8)
  }

  private func move(
    _ bytes: inout [UInt8], _ at: Int, _ end: Int, _ random: inout SplitMix64
  ) {
    let part = Array(bytes[at..<end])
    bytes.removeSubrange(at..<end)
    bytes.insert(contentsOf: part, at: Int.random(in: 0...bytes.count, using: &random))
  }
}
