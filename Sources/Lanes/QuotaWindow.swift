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
  /// Cost by stretch of `slotMs`; stretch `s` stands at index `s % count`.
  private var slots: [Int]
  private var stretch: Int64 = 0
  /// The sum of the slots.
  private var used = 0
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
    slots = [Int](repeating: 0, count: Int(Self.parts) + 1)
  }

  /// What live calls may still spend now.
  package mutating func remaining(nowMs: Int64) -> Int {
    forget(nowMs: nowMs)
    return max(0, min(limit - used, told?.remaining ?? .max))
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
    var excess = used + min(cost, ceiling) - ceiling
    guard excess > 0 else { return earliestMs }
    for age in stride(from: slots.count - 1, through: 0, by: -1) {
      let slot = stretch - Int64(age)
      guard slot >= 0 else { continue }
      excess -= slots[index(slot)]
      if excess <= 0 { return max(earliestMs, (slot + Int64(slots.count)) * slotMs) }
    }
    // Only where the told limit is below what was used: it ends.
    return max(earliestMs, told?.endMs ?? nowMs, nowMs + 1)
  }

  /// Charges what `earliestMs` granted at the same time.
  mutating func charge(_ cost: Int) {
    let charged = min(cost, limits.limit)
    slots[index(stretch)] += charged
    used += charged
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

  // MARK: Slots

  private func index(_ stretch: Int64) -> Int { Int(stretch % (Self.parts + 1)) }

  /// Empties the slots that the window has left behind.
  private mutating func forget(nowMs: Int64) {
    if let told, told.endMs <= nowMs { self.told = nil }
    let now = nowMs / slotMs
    guard now > stretch else { return }
    if used > 0 {
      for passed in (stretch + 1)...min(now, stretch + Int64(slots.count)) {
        used -= slots[index(passed)]
        slots[index(passed)] = 0
      }
    }
    stretch = now
  }
}
