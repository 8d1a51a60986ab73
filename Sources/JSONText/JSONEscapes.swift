// Undoes the escapes of a JSON string.

/// The eight short escapes and `\uXXXX` with surrogate pairs.
enum JSONEscapes {
  /// Nil when an escape is malformed. A lone surrogate becomes U+FFFD.
  static func unescaped(_ bytes: UnsafeRawBufferPointer) -> String? {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var at = 0
    while at < bytes.count {
      guard bytes[at] == UInt8(ascii: "\\") else {
        out.append(bytes[at])
        at += 1
        continue
      }
      guard at + 1 < bytes.count else { return nil }
      if bytes[at + 1] == UInt8(ascii: "u") {
        guard let scalar = scalar(bytes, &at) else { return nil }
        out.append(contentsOf: Array(String(Character(scalar)).utf8))
      } else {
        guard let byte = short(bytes[at + 1]) else { return nil }
        out.append(byte)
        at += 2
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func short(_ letter: UInt8) -> UInt8? {
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): letter
    case UInt8(ascii: "b"): 0x08
    case UInt8(ascii: "f"): 0x0C
    case UInt8(ascii: "n"): 0x0A
    case UInt8(ascii: "r"): 0x0D
    case UInt8(ascii: "t"): 0x09
    default: nil
    }
  }

  /// Reads `\uXXXX` at `at`, and its second half where it is a pair; moves `at` behind it.
  private static func scalar(_ bytes: UnsafeRawBufferPointer, _ at: inout Int) -> Unicode.Scalar? {
    guard let first = codeUnit(bytes, at + 2) else { return nil }
    at += 6
    guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) ?? "\u{FFFD}" }
    guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
      bytes[at + 1] == UInt8(ascii: "u"), let second = codeUnit(bytes, at + 2),
      (0xDC00...0xDFFF).contains(second)
    else { return "\u{FFFD}" }
    at += 6
    return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
  }

  private static func codeUnit(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> UInt32? {
    guard at + 4 <= bytes.count else { return nil }
    var unit: UInt32 = 0
    for byte in bytes[at..<at + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
      unit = unit << 4 | UInt32(digit)
    }
    return unit
  }
}
