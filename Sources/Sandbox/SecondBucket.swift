// A hard limit on requests a second.

/// A token bucket that holds a second's worth and is full at first. Pure.
struct SecondBucket: Sendable {
  /// In thousandths of a request, so that a millisecond's share is a whole number.
  private var level: Int64?
  private var filledAtMs: Int64 = 0

  /// False when the bucket is empty.
  mutating func take(perSecond: Int, nowMs: Int64) -> Bool {
    let full = Int64(perSecond) * 1000
    let gained = max(nowMs - filledAtMs, 0) * Int64(perSecond)
    var now = min(full, (level ?? full) + gained)
    filledAtMs = nowMs
    defer { level = now }
    guard now >= 1000 else { return false }
    now -= 1000
    return true
  }
}
