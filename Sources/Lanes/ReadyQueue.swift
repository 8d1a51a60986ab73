// Lanes that wait for a free slot, first come, first served.

/// A FIFO of lanes; entries whose lane moved on are passed over by the caller.
struct ReadyQueue: Sendable {
  struct Entry: Sendable {
    let lane: Int
    let generation: UInt32
  }

  private var entries: [Entry] = []
  private var first = 0

  var isEmpty: Bool { first == entries.count }

  mutating func append(_ entry: Entry) { entries.append(entry) }

  mutating func popFirst() -> Entry? {
    guard first < entries.count else { return nil }
    defer {
      first += 1
      if first == entries.count {
        entries.removeAll(keepingCapacity: true)
        first = 0
      } else if first >= 1024, first * 2 >= entries.count {
        entries.removeFirst(first)
        first = 0
      }
    }
    return entries[first]
  }
}
