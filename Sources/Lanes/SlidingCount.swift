// How much came of late: the sum of a stretch of time that moves on with the clock.

/// A count by when it came, forgotten a slot of `slotMs` at a time. Times are milliseconds of one
/// rising clock, not negative. Everything but `move` is about the time of the last `move`.
struct SlidingCount: Sendable {
  private let slotMs: Int64
  /// Slot `s`, which began at `s * slotMs`, stands at index `s % count`.
  private var slots: [Int]
  private var slot: Int64 = 0
  /// What came and is not forgotten.
  private(set) var sum = 0

  init(slots count: Int, slotMs: Int64) {
    precondition(count > 0 && slotMs > 0, "SlidingCount.init: \(count) slots of \(slotMs) ms")
    self.slotMs = slotMs
    slots = [Int](repeating: 0, count: count)
  }

  /// Moves on to a time and empties the slots that are left behind.
  mutating func move(to nowMs: Int64) {
    let now = nowMs / slotMs
    guard now > slot else { return }
    if sum > 0 {
      for passed in (slot + 1)...min(now, slot + Int64(slots.count)) {
        sum -= slots[index(passed)]
        slots[index(passed)] = 0
      }
    }
    slot = now
  }

  mutating func add(_ amount: Int) {
    slots[index(slot)] += amount
    sum += amount
  }

  /// Takes one of what would be forgotten first; nothing where there is nothing.
  mutating func takeOldest() {
    guard let oldest = slotsByAge.first(where: { slots[index($0)] > 0 }) else { return }
    slots[index(oldest)] -= 1
    sum -= 1
  }

  /// When at least so much of the sum will be forgotten; nil when the sum is less.
  func forgottenMs(_ amount: Int) -> Int64? {
    var left = amount
    for old in slotsByAge {
      left -= slots[index(old)]
      if left <= 0 { return (old + Int64(slots.count)) * slotMs }
    }
    return nil
  }

  mutating func clear() {
    for index in slots.indices { slots[index] = 0 }
    sum = 0
  }

  /// From the oldest to the one of now.
  private var slotsByAge: ClosedRange<Int64> { max(0, slot - Int64(slots.count) + 1)...slot }

  private func index(_ slot: Int64) -> Int { Int(slot % Int64(slots.count)) }
}
