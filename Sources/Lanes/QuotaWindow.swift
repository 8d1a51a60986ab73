// One of a provider's windows: so much in any stretch of so long.

/// Counts what went out in the last `lengthMs`, a thirty-second part of that at a time. No stretch
/// of `lengthMs`, wherever it begins, sees more than the limit, so it does not matter whether the
/// provider's window slides or starts at times of its own; the price is 3 % of the rate.
package struct QuotaWindow: Sendable {
  package struct Limits: Sendable {
    /// Cost that any stretch of `lengthMs` may see.
    package var limit: Int
    package var lengthMs: Int64
    /// What `.background` calls leave untouched.
    package var reservedForLive: Int

    package init(limit: Int, lengthMs: Int64, reservedForLive: Int = 0) {
      self.limit = limit
      self.lengthMs = lengthMs
      self.reservedForLive = reservedForLive
    }
  }

  private static let parts: Int64 = 32

  private let limits: Limits
  private let slotMs: Int64
  private var used: SlidingCount
  /// The provider's own word, which holds until it ends.
  private var told: Told?

  private struct Told: Sendable {
    var endMs: Int64
    var limit: Int?
    var remaining: Int?
  }

  package init(_ limits: Limits) {
    precondition(limits.limit > 0 && limits.lengthMs > 0, "QuotaWindow.init: zero limit")
    precondition(
      (0..<limits.limit).contains(limits.reservedForLive), "QuotaWindow.init: all is reserved")
    self.limits = limits
    slotMs = (limits.lengthMs + Self.parts - 1) / Self.parts
    // A stretch of the length that begins within a slot touches one slot more.
    used = SlidingCount(slots: Int(Self.parts) + 1, slotMs: slotMs)
  }

  /// What live calls may still spend now.
  package mutating func remaining(nowMs: Int64) -> Int {
    forget(nowMs: nowMs)
    return max(0, min(limit - used.sum, told?.remaining ?? .max))
  }

  private var limit: Int { min(limits.limit, told?.limit ?? .max) }

  /// When this cost can be charged, as far as this window goes: now, or some later time.
  mutating func earliestMs(_ cost: Int, priority: Quota.Priority, nowMs: Int64) -> Int64 {
    forget(nowMs: nowMs)
    let reserved = priority == .background ? limits.reservedForLive : 0
    var earliestMs = nowMs
    if let told, let remaining = told.remaining {
      // What was told may be less than the cost for as long as it holds.
      let asked = min(cost, max(1, limit - reserved))
      if remaining - reserved < asked { earliestMs = max(earliestMs, told.endMs) }
    }
    let ceiling = max(1, limit - reserved)
    let excess = used.sum + min(cost, ceiling) - ceiling
    guard excess > 0 else { return earliestMs }
    if let forgottenMs = used.forgottenMs(excess) { return max(earliestMs, forgottenMs) }
    // Only where the told limit is below what was used: it ends.
    return max(earliestMs, told?.endMs ?? nowMs, nowMs + 1)
  }

  /// Charges what `earliestMs` granted at the same time.
  mutating func charge(_ cost: Int) {
    used.add(min(cost, limits.limit))
    if let remaining = told?.remaining { told?.remaining = max(0, remaining - cost) }
  }

  /// Within the window that is known, a report can only tighten: answers overtake each other, and
  /// what is under way is not counted in them. A later end is another window, believed as it is.
  mutating func report(_ report: RateReport, nowMs: Int64) {
    forget(nowMs: nowMs)
    let longestMs = nowMs + limits.lengthMs
    let endMs = min(report.resetAtMs ?? longestMs, longestMs)
    guard endMs > nowMs else { return }
    guard var told, endMs < told.endMs + slotMs else {
      self.told = Told(
        endMs: endMs, limit: report.limit.map { max(1, $0) },
        remaining: report.remaining.map { max(0, $0) })
      return
    }
    if let limit = report.limit { told.limit = min(told.limit ?? .max, max(1, limit)) }
    if let remaining = report.remaining {
      told.remaining = min(told.remaining ?? .max, max(0, remaining))
    }
    self.told = told
  }

  /// Leaves behind what the window does not see any more, and what is no longer told.
  private mutating func forget(nowMs: Int64) {
    if let told, told.endMs <= nowMs { self.told = nil }
    used.move(to: nowMs)
  }
}
