// Which waiting lane is due next.

/// A binary min-heap of (due time, lane). Entries are not removed early: the lane's generation
/// tells whether an entry is still meant.
struct TimerHeap: Sendable {
  struct Entry: Sendable {
    let dueMs: Int64
    let lane: Int
    let generation: UInt32
  }

  private var entries: [Entry] = []

  var nextDueMs: Int64? { entries.first?.dueMs }

  mutating func insert(_ entry: Entry) {
    entries.append(entry)
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard entries[child].dueMs < entries[parent].dueMs else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Removes and returns the first entry if it is due.
  mutating func popDue(nowMs: Int64) -> Entry? {
    guard let first = entries.first, first.dueMs <= nowMs else { return nil }
    let last = entries.removeLast()
    guard !entries.isEmpty else { return first }
    entries[0] = last
    var parent = 0
    while true {
      var smallest = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < entries.count && entries[child].dueMs < entries[smallest].dueMs {
        smallest = child
      }
      guard smallest != parent else { return first }
      entries.swapAt(parent, smallest)
      parent = smallest
    }
  }
}
