// RFC 3339 without Foundation: record headers carry times as text, and the receiver writes two an
// event.

/// Milliseconds since the Unix epoch, and its RFC 3339 text in UTC.
package struct Timestamp: Sendable, Hashable {
  package let ms: Int64

  package init(ms: Int64) { self.ms = ms }

  /// `2026-11-21T10:54:09.123Z`. Years outside 0...9999 are clamped to that range.
  package var rfc3339: [24 of UInt8] {
    var text: [24 of UInt8] = .init(repeating: UInt8(ascii: "0"))
    let clamped = min(max(ms, -62_167_219_200_000), 253_402_300_799_999)
    let days = clamped.flooredQuotient(86_400_000)
    let msOfDay = Int(clamped - days * 86_400_000)
    let date = Self.civil(days: Int(days))
    var at = 0
    func put(_ number: Int, digits: Int, before separator: Unicode.Scalar) {
      var place = at + digits
      text[place] = UInt8(ascii: separator)
      var rest = UInt32(truncatingIfNeeded: number)
      while place > at {
        place -= 1
        text[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      at += digits + 1
    }
    put(date.year, digits: 4, before: "-")
    put(date.month, digits: 2, before: "-")
    put(date.day, digits: 2, before: "T")
    put(msOfDay / 3_600_000, digits: 2, before: ":")
    put(msOfDay / 60_000 % 60, digits: 2, before: ":")
    put(msOfDay / 1000 % 60, digits: 2, before: ".")
    put(msOfDay % 1000, digits: 3, before: "Z")
    return text
  }

  package var text: String {
    let bytes = rfc3339
    return String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }

  /// Reads RFC 3339 with `Z` or a numeric offset and up to nine decimals; nil for anything else.
  package init?(rfc3339 text: some StringProtocol) {
    self.init(rfc3339: Array(text.utf8)[...])
  }

  init?(rfc3339 bytes: ArraySlice<UInt8>) {
    var reader = DigitReader(bytes: bytes)
    guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2),
      reader.skip("-"), let day = reader.number(2), reader.skip("T") || reader.skip("t"),
      let hour = reader.number(2), reader.skip(":"), let minute = reader.number(2),
      reader.skip(":"), let second = reader.number(2),
      (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
      let fractionMs = reader.fractionMs(), let offsetMinutes = reader.offsetMinutes(),
      reader.isAtEnd
    else { return nil }
    let days = Self.days(year: year, month: month, day: day)
    let seconds = Int64(days * 86_400 + hour * 3600 + (minute - offsetMinutes) * 60 + second)
    self.init(ms: seconds * 1000 + Int64(fractionMs))
  }

  // Days and civil dates after Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
  private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func days(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}

/// Reads fixed-width decimal fields from bytes.
private struct DigitReader {
  let bytes: ArraySlice<UInt8>
  var position: Int

  init(bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }

  mutating func skip(_ character: Unicode.Scalar) -> Bool {
    guard position < bytes.endIndex, bytes[position] == UInt8(ascii: character) else {
      return false
    }
    position += 1
    return true
  }

  mutating func digit() -> Int? {
    guard position < bytes.endIndex,
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position])
    else { return nil }
    defer { position += 1 }
    return Int(bytes[position] - UInt8(ascii: "0"))
  }

  mutating func number(_ digits: Int) -> Int? {
    var value = 0
    for _ in 0..<digits {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  /// Milliseconds from an optional `.d{1,9}`; 0 without one.
  mutating func fractionMs() -> Int? {
    guard skip(".") else { return 0 }
    var value = 0
    var digits = 0
    while digits < 9, let digit = digit() {
      if digits < 3 { value = value * 10 + digit }
      digits += 1
    }
    guard digits > 0 else { return nil }
    for _ in digits..<max(digits, 3) { value *= 10 }
    return value
  }

  mutating func offsetMinutes() -> Int? {
    if skip("Z") || skip("z") { return 0 }
    let sign = skip("+") ? 1 : skip("-") ? -1 : 0
    guard sign != 0, let hours = number(2), skip(":"), let minutes = number(2) else { return nil }
    return sign * (hours * 60 + minutes)
  }
}

extension Int64 {
  fileprivate func flooredQuotient(_ divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}
