// A value's place in a JSON text.

/// Where one value lies in the bytes that were scanned. A string's range is between its quotes.
package struct JSONSlice: Sendable, Equatable {
  package enum Kind: UInt32, Sendable {
    case missing, string, escapedString, number, `true`, `false`, null, object, array
  }

  package let kind: Kind
  /// Offsets into the scanned bytes.
  package let range: Range<Int>

  package init(kind: Kind, range: Range<Int>) {
    self.kind = kind
    self.range = range
  }

  /// False for a field that is not there, and for `null`.
  package var isPresent: Bool { kind != .missing && kind != .null }

  /// The bytes as they stand, quotes and escapes and all: a string's are without its quotes.
  package func raw(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[range])
  }

  /// A string unescaped, or the digits of a number as they were sent; nil for any other kind.
  package func text(in bytes: UnsafeRawBufferPointer) -> String? {
    switch kind {
    case .string, .number: String(decoding: raw(in: bytes), as: UTF8.self)
    case .escapedString: JSONEscapes.unescaped(raw(in: bytes))
    case .missing, .true, .false, .null, .object, .array: nil
    }
  }

  /// A whole number; nil for fractions, exponents, strings and what does not fit.
  package func integer(in bytes: UnsafeRawBufferPointer) -> Int64? {
    guard kind == .number else { return nil }
    var value: Int64 = 0
    var digits = raw(in: bytes)[...]
    let isNegative = digits.first == UInt8(ascii: "-")
    if isNegative { digits = digits.dropFirst() }
    for byte in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
      let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let digit = Int64(byte - UInt8(ascii: "0"))
      let (next, overflow) =
        isNegative
        ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
      guard !tooLarge, !overflow else { return nil }
      value = next
    }
    return value
  }
}
