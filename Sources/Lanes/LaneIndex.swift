// Which lane a key's hash belongs to.

/// A hash table from 64-bit hashes to lanes, by linear probing. The hashes are taken as they are:
/// they come mixed already. Two keys with one hash share a lane, which costs concurrency and
/// nothing else: whoever joins records compares what they are about.
struct LaneIndex: Sendable {
  private struct Slot: Sendable {
    var key: UInt64 = 0
    /// -1 where the slot is free.
    var lane: Int32 = -1
  }

  private var slots = [Slot](repeating: Slot(), count: 64)
  private(set) var count = 0

  private var mask: Int { slots.count - 1 }

  private func home(_ key: UInt64) -> Int { Int(truncatingIfNeeded: key >> 7) & mask }

  func lane(of key: UInt64) -> Int32? {
    var index = home(key)
    while slots[index].lane >= 0 {
      if slots[index].key == key { return slots[index].lane }
      index = (index + 1) & mask
    }
    return nil
  }

  /// The key must not be there.
  mutating func insert(_ key: UInt64, lane: Int32) {
    // At most half full: probes stay short.
    if count * 2 >= slots.count { grow() }
    place(Slot(key: key, lane: lane))
    count += 1
  }

  mutating func remove(_ key: UInt64) {
    var hole = home(key)
    while slots[hole].lane < 0 || slots[hole].key != key {
      guard slots[hole].lane >= 0 else { return }
      hole = (hole + 1) & mask
    }
    count -= 1
    // Close the gap: whatever came to stand behind it because of it moves up.
    var index = (hole + 1) & mask
    while slots[index].lane >= 0 {
      let distance = (index - home(slots[index].key)) & mask
      if distance >= (index - hole) & mask {
        slots[hole] = slots[index]
        hole = index
      }
      index = (index + 1) & mask
    }
    slots[hole] = Slot()
  }

  private mutating func place(_ slot: Slot) {
    var index = home(slot.key)
    while slots[index].lane >= 0 { index = (index + 1) & mask }
    slots[index] = slot
  }

  private mutating func grow() {
    let before = slots
    slots = [Slot](repeating: Slot(), count: before.count * 2)
    for slot in before where slot.lane >= 0 { place(slot) }
  }
}
