// How many of the latest attempts failed.

/// Attempts and failures of the last `lengthMs`, forgotten a tenth of that at a time.
struct FailureWindow: Sendable {
  private struct Slot {
    /// Which stretch of time this counts; one that has passed is void.
    var stretch: Int64 = -1
    var failures = 0
    var attempts = 0
  }

  private let slotMs: Int64
  private var slots = [Slot](repeating: Slot(), count: 10)

  init(lengthMs: Int64) {
    precondition(lengthMs >= 10, "FailureWindow.init: \(lengthMs) ms")
    slotMs = lengthMs / 10
  }

  mutating func add(isFailure: Bool, nowMs: Int64) {
    let stretch = nowMs / slotMs
    let index = Int(stretch % Int64(slots.count))
    if slots[index].stretch != stretch { slots[index] = Slot(stretch: stretch) }
    slots[index].attempts += 1
    if isFailure { slots[index].failures += 1 }
  }

  /// Walks the ten slots.
  func counts(nowMs: Int64) -> (failures: Int, attempts: Int) {
    let oldest = nowMs / slotMs - Int64(slots.count) + 1
    return slots.reduce(into: (0, 0)) { sums, slot in
      guard slot.stretch >= oldest else { return }
      sums.0 += slot.failures
      sums.1 += slot.attempts
    }
  }

  mutating func clear() {
    for index in slots.indices { slots[index] = Slot() }
  }
}
