// How many of the latest attempts failed.

/// Attempts and failures of the last `lengthMs`, forgotten a tenth of that at a time.
struct FailureWindow: Sendable {
  private var attempts: SlidingCount
  private var failures: SlidingCount

  init(lengthMs: Int64) {
    precondition(lengthMs >= 10, "FailureWindow.init: \(lengthMs) ms")
    attempts = SlidingCount(slots: 10, slotMs: lengthMs / 10)
    failures = attempts
  }

  mutating func add(isFailure: Bool, nowMs: Int64) {
    attempts.move(to: nowMs)
    failures.move(to: nowMs)
    attempts.add(1)
    if isFailure { failures.add(1) }
  }

  mutating func counts(nowMs: Int64) -> (failures: Int, attempts: Int) {
    attempts.move(to: nowMs)
    failures.move(to: nowMs)
    return (failures.sum, attempts.sum)
  }

  mutating func clear() {
    attempts.clear()
    failures.clear()
  }
}
