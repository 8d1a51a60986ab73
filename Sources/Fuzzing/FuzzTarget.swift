// What can be fuzzed: where its inputs begin, and how one is judged.

/// One thing under test. To be used by one thread at a time.
package protocol FuzzTarget: AnyObject {
  /// Also the name of its directory in the corpus.
  static var name: String { get }
  /// Good inputs that mutations begin with.
  var seeds: [[UInt8]] { get }
  /// Words that a mutation may put in.
  var words: [[UInt8]] { get }
  /// Everything about the input is judged by its bytes alone, so that bytes are all that a replay
  /// needs. Nil: as it should be; else what is wrong. A crash or a hang is a finding too.
  func check(_ input: [UInt8]) -> String?
}

/// Takes decisions from an input's bytes, so that a mutated byte is a mutated decision. Behind the
/// last byte everything is 0.
struct Choices {
  private let bytes: [UInt8]
  private var at: Int

  init(_ bytes: [UInt8], from start: Int = 0) {
    self.bytes = bytes
    at = start
  }

  mutating func byte() -> UInt8 {
    guard at < bytes.count else { return 0 }
    defer { at += 1 }
    return bytes[at]
  }

  /// From 0 up to, not including, `limit`, which is at most 65,536.
  mutating func number(below limit: Int) -> Int {
    let value = limit > 256 ? Int(byte()) << 8 | Int(byte()) : Int(byte())
    return value % max(1, limit)
  }

  mutating func chance(_ part: Int, of whole: Int) -> Bool { number(below: whole) < part }

  mutating func word() -> UInt64 {
    (0..<8).reduce(UInt64(0)) { value, _ in value << 8 | UInt64(byte()) }
  }

  mutating func pick<Element>(_ list: [Element]) -> Element { list[number(below: list.count)] }

  mutating func bytes(max: Int) -> [UInt8] {
    let count = number(below: max + 1)
    return (0..<count).map { _ in byte() }
  }

  /// Text with a bit of everything: ASCII mostly, some that matters to parsers, some beyond ASCII.
  mutating func text(max: Int) -> String {
    var text = ""
    for _ in 0..<number(below: max + 1) {
      let byte = byte()
      switch byte {
      case 0xF0...0xFF: text.append(["é", "漢", "\u{0}", "\u{1F600}"][Int(byte & 3)])
      case 0x80...0xEF: text.append(Self.marks[Int(byte) % Self.marks.count])
      default: text.unicodeScalars.append(Unicode.Scalar(byte))
      }
    }
    return text
  }

  private static let marks: [Character] = Array("/%,.:;={}\"\\ \t-_?&#+")
}

enum Bytes {
  static func hash(_ bytes: [UInt8]) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }

  static func contains(_ whole: [UInt8], _ part: [UInt8]) -> Bool {
    count(of: part, in: whole, atMost: 1) == 1
  }

  static func count(of part: [UInt8], in whole: [UInt8], atMost: Int = .max) -> Int {
    guard let first = part.first, whole.count >= part.count else { return 0 }
    var found = 0
    for start in 0...(whole.count - part.count)
    where whole[start] == first && whole[start..<(start + part.count)].elementsEqual(part) {
      found += 1
      if found == atMost { break }
    }
    return found
  }

  static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
  }

  static func unhex(_ text: String) -> [UInt8]? {
    let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
