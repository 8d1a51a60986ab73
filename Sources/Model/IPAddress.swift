// Internet addresses as values: comparing them as text would miss one of several spellings.

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is the IPv4 address.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
  /// As IPv6, IPv4 mapped into `::ffff:0:0/96`.
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The bytes of an address in network order: 4 or 16.
  package init?(bytes: some Collection<UInt8>) {
    switch bytes.count {
    case 4: self.init(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
    case 16:
      self.init(
        high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
        low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
    default: return nil
    }
  }

  /// An address as text. Nil for anything else, spellings that readers disagree on included:
  /// leading zeros and short forms of IPv4, zones of IPv6.
  package init?(_ text: some Collection<UInt8>) {
    // 45 is the longest: six groups and an IPv4 address.
    guard (2...45).contains(text.count) else { return nil }
    let bytes = Array(text)
    if let v4 = Self.v4(bytes[...]) {
      self.init(v4: v4)
    } else if let groups = Self.groups(bytes) {
      self.init(
        high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
        low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) })
    } else {
      return nil
    }
  }

  package init?(_ text: String) { self.init(text.utf8) }

  private init(v4: UInt32) {
    self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(v4))
  }

  package var isV4: Bool { high == 0 && low >> 32 == 0xFFFF }

  /// Plain: dotted for IPv4, eight groups of hexadecimal digits without compression for IPv6.
  package var description: String {
    guard !isV4 else {
      return [24, 16, 8, 0].map { String(low >> UInt64($0) & 0xFF) }.joined(separator: ".")
    }
    return [high, low].flatMap { half in
      [48, 32, 16, 0].map { String(half >> UInt64($0) & 0xFFFF, radix: 16) }
    }.joined(separator: ":")
  }

  private static func v4(_ text: ArraySlice<UInt8>) -> UInt32? {
    let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var address: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.count == 1 || part.first != UInt8(ascii: "0") else {
        return nil
      }
      var value: UInt32 = 0
      for byte in part {
        guard let digit = digit(byte), digit < 10 else { return nil }
        value = value * 10 + UInt32(digit)
      }
      guard value < 256 else { return nil }
      address = address << 8 | value
    }
    return address
  }

  /// The eight groups of an IPv6 address.
  private static func groups(_ text: [UInt8]) -> [UInt16]? {
    let colon = UInt8(ascii: ":")
    var left: [UInt16] = []
    /// What stands behind `::`, once it came.
    var right: [UInt16]?
    var at = 0
    if text[0] == colon, text[1] != colon { return nil }
    while at < text.count {
      if text[at] == colon, at + 1 < text.count, text[at + 1] == colon {
        guard right == nil else { return nil }
        right = []
        at += 2
        continue
      }
      if at > 0, text[at - 1] != colon { return nil }
      let end = text[at...].firstIndex(of: colon) ?? text.count
      guard let values = group(text[at..<end], isLast: end == text.count) else { return nil }
      if right == nil { left += values } else { right? += values }
      at = end
      // A single colon must have something behind it; a double one is seen above.
      if at < text.count, at + 1 == text.count || text[at + 1] != colon {
        at += 1
        if at == text.count { return nil }
      }
    }
    guard let right else { return left.count == 8 ? left : nil }
    // `::` stands for at least one group.
    guard left.count + right.count <= 7 else { return nil }
    return left + [UInt16](repeating: 0, count: 8 - left.count - right.count) + right
  }

  /// One to four hexadecimal digits, or at the end an IPv4 address.
  private static func group(_ text: ArraySlice<UInt8>, isLast: Bool) -> [UInt16]? {
    if isLast, text.contains(UInt8(ascii: ".")) {
      return v4(text).map { [UInt16($0 >> 16), UInt16(truncatingIfNeeded: $0)] }
    }
    guard (1...4).contains(text.count) else { return nil }
    var value: UInt16 = 0
    for byte in text {
      guard let digit = digit(byte) else { return nil }
      value = value << 4 | UInt16(digit)
    }
    return [value]
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
