// Reading a commit's metadata, which anybody may have written.
import FoundationEssentials

extension OffsetMap {
  /// Nil for whatever is not a sound map for this frontier: another version or kind, damage,
  /// somebody else's metadata. That is no error: the offsets are worked on again.
  package init?(
    decoding text: String, frontier: Int64, charactersMax: Int = Self.charactersMax
  ) {
    guard frontier >= 0, text.utf8.count <= charactersMax, text.hasPrefix(Self.prefix),
      let data = Data(base64Encoded: String(text.dropFirst(Self.prefix.count)))
    else { return nil }
    let bytes = [UInt8](data)
    guard bytes.count > Self.overheadBytes else { return nil }
    let body = bytes.dropLast(4)
    let sum = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    guard sum == Self.checksum(frontier: frontier, body) else { return nil }
    let ranges: [Range<Int64>]?
    switch body[0] {
    case Self.runsKind: ranges = Self.ranges(runs: body.dropFirst(), from: frontier)
    case Self.bitsKind: ranges = Self.ranges(bits: body.dropFirst(), from: frontier)
    default: ranges = nil
    }
    guard let ranges, !ranges.isEmpty else { return nil }
    self.init(frontier: frontier, completed: ranges)
  }

  private static func ranges(
    runs: ArraySlice<UInt8>, from frontier: Int64
  ) -> [Range<Int64>]? {
    var rest = runs
    var ranges: [Range<Int64>] = []
    var at = frontier
    while !rest.isEmpty {
      guard let pending = varint(&rest), let completed = varint(&rest), completed > 0,
        pending > 0 || ranges.isEmpty
      else { return nil }
      let (lower, isPastLower) = at.addingReportingOverflow(pending)
      let (upper, isPastUpper) = lower.addingReportingOverflow(completed)
      guard !isPastLower, !isPastUpper else { return nil }
      ranges.append(lower..<upper)
      at = upper
    }
    return ranges
  }

  private static func ranges(
    bits: ArraySlice<UInt8>, from frontier: Int64
  ) -> [Range<Int64>]? {
    guard !frontier.addingReportingOverflow(Int64(bits.count) * 8).overflow else { return nil }
    var ranges: [Range<Int64>] = []
    var start: Int64?
    var at = frontier
    for byte in bits {
      for bit in 0..<UInt8(8) {
        if byte >> bit & 1 == 1 {
          start = start ?? at
        } else if let lower = start {
          ranges.append(lower..<at)
          start = nil
        }
        at += 1
      }
    }
    if let lower = start { ranges.append(lower..<at) }
    return ranges
  }

  /// A varint of at most 63 bits; nil when it is cut short or larger.
  private static func varint(_ bytes: inout ArraySlice<UInt8>) -> Int64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard let byte = bytes.popFirst() else { return nil }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int64(value) }
    }
    return nil
  }
}
