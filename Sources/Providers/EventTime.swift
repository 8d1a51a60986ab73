// The times that providers write, each in its own way.

import Model

/// Text to milliseconds since the Unix epoch.
enum EventTime {
  /// Seconds or milliseconds (with decimals), ISO 8601 with or without a zone (without one: UTC),
  /// a blank for the `T`, `+0200` for `+02:00`, and `/Date(1506384247000-0700)/`. Nil for
  /// anything else.
  static func ms(_ text: String) -> Int64? {
    if let number = Int64(text) { return ms(number) }
    if let date = dotNet(text) { return date }
    if let number = Double(text), number.isFinite, abs(number) < 1e15 {
      return abs(number) < 1e11 ? Int64((number * 1000).rounded()) : Int64(number)
    }
    return Timestamp(rfc3339: text)?.ms ?? Timestamp(rfc3339: completed(text))?.ms
  }

  /// Seconds have ten digits until the year 2286, milliseconds had twelve in 1973.
  static func ms(_ number: Int64) -> Int64 {
    number.magnitude < 100_000_000_000 ? number * 1000 : number
  }

  /// The number is milliseconds UTC already; the zone only tells how it was shown.
  private static func dotNet(_ text: String) -> Int64? {
    guard text.hasPrefix("/Date("), text.hasSuffix(")/") else { return nil }
    let inner = text.dropFirst(6).dropLast(2)
    let digits = inner.dropFirst().prefix { $0.isNumber }
    return Int64(inner.prefix(1) + digits)
  }

  private static func completed(_ text: String) -> String {
    var bytes = Array(text.utf8)
    guard bytes.count >= 19 else { return text }
    if bytes[10] == UInt8(ascii: " ") { bytes[10] = UInt8(ascii: "T") }
    // `2021-01-01 10:00:00 UTC`
    if bytes.suffix(4).elementsEqual(" UTC".utf8) { bytes.removeLast(4) }
    let zone = bytes[19...].firstIndex { byte in
      byte == UInt8(ascii: "Z") || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
    }
    guard let zone else { return String(decoding: bytes, as: UTF8.self) + "Z" }
    if bytes.count == zone + 5 { bytes.insert(UInt8(ascii: ":"), at: zone + 3) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
