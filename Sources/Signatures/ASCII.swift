// Small byte encodings: hex, base64, decimal numbers, percent escapes.

enum ASCII {
  static func lowercased(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }

  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  static func hexDecoded(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    for at in stride(from: 0, to: digits.count, by: 2) {
      guard let high = hexValue(digits[at]), let low = hexValue(digits[at + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// The standard alphabet; padding is optional, and what is left over of the last bits is dropped.
  /// `isCanonical`: neither is; only what an encoder would have written is taken.
  static func base64Decoded(_ text: String, isCanonical: Bool = false) -> [UInt8]? {
    var digits = Array(text.utf8)[...]
    let isPadded = digits.count.isMultiple(of: 4)
    for _ in 0..<2 where isPadded && digits.last == UInt8(ascii: "=") { digits.removeLast() }
    guard digits.count % 4 != 1, isPadded || !isCanonical else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    var bitCount = 0
    for digit in digits {
      guard let value = base64Value(digit) else { return nil }
      bits = bits << 6 | UInt32(value)
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
      }
    }
    guard !isCanonical || bits & (1 << UInt32(bitCount) - 1) == 0 else { return nil }
    return bytes
  }

  private static func base64Value(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)
  private static let base64Digits = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Writes lower-case hex; returns how many bytes that were.
  static func hexEncode(_ bytes: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer)
    -> Int
  {
    for (at, byte) in bytes.enumerated() {
      out[2 * at] = hexDigits[Int(byte >> 4)]
      out[2 * at + 1] = hexDigits[Int(byte & 0xF)]
    }
    return bytes.count * 2
  }

  /// Writes padded base64; returns how many bytes that were.
  static func base64Encode(
    _ bytes: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) -> Int {
    var at = 0
    var written = 0
    while at < bytes.count {
      let left = bytes.count - at
      let first = UInt32(bytes[at]) << 16
      let second = left > 1 ? UInt32(bytes[at + 1]) << 8 : 0
      let group = first | second | (left > 2 ? UInt32(bytes[at + 2]) : 0)
      out[written] = base64Digits[Int(group >> 18)]
      out[written + 1] = base64Digits[Int(group >> 12 & 63)]
      out[written + 2] = left > 1 ? base64Digits[Int(group >> 6 & 63)] : UInt8(ascii: "=")
      out[written + 3] = left > 2 ? base64Digits[Int(group & 63)] : UInt8(ascii: "=")
      at += 3
      written += 4
    }
    return written
  }

  /// A whole number of 1 to 15 digits and nothing else.
  static func number(_ text: UnsafeRawBufferPointer) -> Int64? {
    guard (1...15).contains(text.count) else { return nil }
    var value: Int64 = 0
    for byte in text {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      value = value * 10 + Int64(byte - UInt8(ascii: "0"))
    }
    return value
  }

  /// Undoes the percent escapes of the characters in `allowed`, and of no others.
  static func percentDecoded(_ bytes: some Collection<UInt8>, only allowed: String) -> [UInt8] {
    let source = Array(bytes)
    guard !allowed.isEmpty, source.contains(UInt8(ascii: "%")) else { return source }
    var out: [UInt8] = []
    var at = 0
    while at < source.count {
      if source[at] == UInt8(ascii: "%"), at + 2 < source.count,
        let high = hexValue(source[at + 1]),
        let low = hexValue(source[at + 2]), allowed.utf8.contains(high << 4 | low)
      {
        out.append(high << 4 | low)
        at += 3
      } else {
        out.append(source[at])
        at += 1
      }
    }
    return out
  }
}
