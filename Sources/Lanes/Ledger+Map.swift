// What of a ledger travels in the metadata of a commit.

extension Ledger {
  /// The highest offset above the frontier that is done. Work below it makes the map smaller, work
  /// above it makes it longer.
  package var highestCompleted: Int64? {
    guard next != nil else { return nil }
    let highest = max(highestDone, restored.highest ?? -1)
    return highest >= lowest ? highest : nil
  }

  /// The metadata for a commit of `frontier`, nil when nothing above it is done. Walks the span:
  /// once a commit, not once a record.
  package func completedMap(charactersMax: Int = OffsetMap.charactersMax) -> String? {
    guard highestCompleted != nil else { return nil }
    let text = offsetMap(charactersMax: charactersMax).encode(charactersMax: charactersMax)
    return text.isEmpty ? nil : text
  }

  /// The share of the limit that `completedMap` needs, 0 to 1; 1 also when not all of it fits.
  /// Cheap while there is plenty of room: up to one half this is an upper bound, found without a
  /// walk; above it is exact.
  package func mapFill(charactersMax: Int = OffsetMap.charactersMax) -> Double {
    guard let highest = highestCompleted else { return 0 }
    // A pending offset begins at most one run of either kind; five bytes hold 2^35 offsets.
    let runs = Int64(pendingCount + restored.rest.count + 1) * 10
    let bound = OffsetMap.characters(payloadBytes: Int(min(runs, (highest - lowest) / 8 + 1)))
    guard bound > charactersMax / 2 else { return Double(bound) / Double(charactersMax) }
    let needed = offsetMap(charactersMax: charactersMax).charactersNeeded
    return min(1, Double(needed) / Double(charactersMax))
  }

  /// The map of `[lowest, next)` and of what is known from before above it, up to as many ranges
  /// as any text within the limit can name.
  private func offsetMap(charactersMax: Int) -> OffsetMap {
    // Bits name the most: one range for every two of them. One more shows that not all fits.
    let rangesMax = max(0, OffsetMap.payloadBytesMax(charactersMax: charactersMax)) * 4 + 1
    var ranges: [Range<Int64>] = []
    guard let next else { return OffsetMap(frontier: lowest, completed: []) }
    var at = lowest
    while at < next, ranges.count < rangesMax {
      let start = firstOffset(isPending: false, from: at, to: next)
      guard start < next else { break }
      at = firstOffset(isPending: true, from: start, to: next)
      ranges.append(start..<at)
    }
    for range in restored.rest where range.upperBound > next {
      guard ranges.count < rangesMax else { break }
      let lower = max(range.lowerBound, next)
      if let last = ranges.last, last.upperBound == lower {
        ranges[ranges.count - 1] = last.lowerBound..<range.upperBound
      } else {
        ranges.append(lower..<range.upperBound)
      }
    }
    return OffsetMap(frontier: lowest, completed: ranges)
  }

  /// The first offset of `from..<to` that is pending, or is not; `to` when there is none.
  private func firstOffset(isPending: Bool, from: Int64, to: Int64) -> Int64 {
    let flip: UInt64 = isPending ? 0 : ~0
    var index = Int(from - base) >> 6
    var word = (words[(head + index) & (words.count - 1)] ^ flip) & (~0 << UInt64(from & 63))
    while word == 0 {
      index += 1
      guard base + Int64(index) << 6 < to else { return to }
      word = words[(head + index) & (words.count - 1)] ^ flip
    }
    return min(to, base + Int64(index) << 6 + Int64(word.trailingZeroBitCount))
  }
}
