// W3C Trace Context, level 1: the header `traceparent`.

/// A position in a trace. Pure: randomness is passed in.
package struct TraceContext: Sendable, Equatable, CustomStringConvertible {
  package let traceIdHigh: UInt64
  package let traceIdLow: UInt64
  package let parentId: UInt64
  /// Bit 0: the caller recorded this trace.
  package let flags: UInt8

  /// Nil for anything that the specification tells to ignore: wrong lengths, capital letters, ids
  /// of zero, version ff. Versions above 00 are read as far as 00 goes.
  package init?(traceparent text: some StringProtocol) {
    let bytes = Array(text.utf8)
    let dash = UInt8(ascii: "-")
    guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
      let version = Self.number(bytes[0..<2]), version != 0xFF,
      bytes.count == 55 || (version > 0 && bytes[55] == dash),
      let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
      let parent = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55]),
      high | low != 0, parent != 0
    else { return nil }
    traceIdHigh = high
    traceIdLow = low
    parentId = parent
    self.flags = UInt8(flags)
  }

  /// A new trace, not marked as recorded.
  package init(using generator: inout some RandomNumberGenerator) {
    traceIdHigh = UInt64.random(in: 1...UInt64.max, using: &generator)
    traceIdLow = UInt64.random(in: 1...UInt64.max, using: &generator)
    parentId = UInt64.random(in: 1...UInt64.max, using: &generator)
    flags = 0
  }

  private init(trace: TraceContext, parentId: UInt64) {
    traceIdHigh = trace.traceIdHigh
    traceIdLow = trace.traceIdLow
    self.parentId = parentId
    flags = trace.flags
  }

  /// The same trace, with a step of our own as the parent of what follows.
  package func child(using generator: inout some RandomNumberGenerator) -> TraceContext {
    TraceContext(
      trace: self, parentId: UInt64.random(in: 1...UInt64.max, using: &generator))
  }

  /// 32 hexadecimal digits.
  package var traceId: String { Self.hex(traceIdHigh, 16) + Self.hex(traceIdLow, 16) }

  /// The header's value, version 00.
  package var traceparent: String {
    "00-\(traceId)-\(Self.hex(parentId, 16))-\(Self.hex(UInt64(flags), 2))"
  }

  package var description: String { traceparent }

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }

  private static func hex(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: digits - text.count) + text
  }
}
