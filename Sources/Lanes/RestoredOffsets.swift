// The completed offsets that a ledger took over from an earlier owner and has not met yet.

/// Completed ranges, asked for in rising order of offsets.
struct RestoredOffsets: Sendable {
  private var frontier: Int64 = 0
  private var ranges: [Range<Int64>] = []
  /// The first range that does not lie below the last offset asked for.
  private var first = 0

  init() {}

  init(_ map: OffsetMap) {
    frontier = map.frontier
    ranges = map.completed
  }

  var isEmpty: Bool { ranges.isEmpty }
  /// The highest completed offset that is known.
  var highest: Int64? { ranges.last.map { $0.upperBound - 1 } }
  /// The ranges that may reach above the last offset asked for.
  var rest: ArraySlice<Range<Int64>> { ranges[first...] }

  /// True when the offset was completed. Forgets what lies behind, and everything when reading
  /// began below the frontier.
  mutating func take(_ offset: Int64, isFirst: Bool) -> Bool {
    if isFirst && offset < frontier {
      self = RestoredOffsets()
      return false
    }
    while first < ranges.count, ranges[first].upperBound <= offset { first += 1 }
    guard first < ranges.count else {
      self = RestoredOffsets()
      return false
    }
    return ranges[first].contains(offset)
  }
}
