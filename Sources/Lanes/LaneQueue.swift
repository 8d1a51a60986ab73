// Lanes that wait for something, first come, first served.

/// A FIFO of lanes, as a ring; entries whose lane moved on are passed over by the caller.
struct LaneQueue: Sendable {
  struct Entry: Sendable {
    let lane: Int32
    let generation: UInt32
  }

  private var ring: [Entry] = []
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  mutating func append(_ entry: Entry) {
    if count == ring.count { grow(filler: entry) }
    ring[(head + count) & (ring.count - 1)] = entry
    count += 1
  }

  mutating func popFirst() -> Entry? {
    guard count > 0 else { return nil }
    let entry = ring[head]
    head = (head + 1) & (ring.count - 1)
    count -= 1
    return entry
  }

  /// The capacity is a power of two.
  private mutating func grow(filler: Entry) {
    var larger = [Entry](repeating: filler, count: max(16, ring.count * 2))
    for index in 0..<count { larger[index] = ring[(head + index) & (ring.count - 1)] }
    ring = larger
    head = 0
  }
}
