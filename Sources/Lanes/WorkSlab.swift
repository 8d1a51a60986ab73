// Records received and not done, each at a place of its own: places are used again, and lanes
// chain theirs, so that a record costs no allocation.

/// Storage for entries; whoever keeps more about a record keeps it under the same place.
struct WorkSlab: Sendable {
  struct Entry: Sendable {
    var offset: Int64
    var bytes: Int32
    /// The next of the lane, or of the free places; -1 for none.
    var next: Int32
  }

  private(set) var entries: [Entry] = []
  private var free: Int32 = -1

  subscript(place: Int32) -> Entry { entries[Int(place)] }

  mutating func take(offset: Int64, bytes: Int) -> Int32 {
    let entry = Entry(offset: offset, bytes: Int32(clamping: bytes), next: -1)
    guard free >= 0 else {
      entries.append(entry)
      return Int32(entries.count - 1)
    }
    let place = free
    free = entries[Int(place)].next
    entries[Int(place)] = entry
    return place
  }

  mutating func chain(_ place: Int32, behind last: Int32) { entries[Int(last)].next = place }

  /// Returns what it gave back.
  @discardableResult
  mutating func giveBack(_ place: Int32) -> Entry {
    let entry = entries[Int(place)]
    entries[Int(place)].next = free
    free = place
    return entry
  }
}
