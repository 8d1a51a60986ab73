// When dead letters are no longer exceptions but the rule, and burying has to stop.

/// Lets dead letters pass in proportion to successes. A broken mapping or a revoked permission
/// would otherwise move a whole topic to the dead letters before anybody wakes up.
///
/// A success earns a token, a dead letter costs one; tokens expire. Without tokens there is an
/// allowance, so that single bad records pass at any time: it grows back by one an interval, which
/// is also how a stopped pipeline tries again. Ask once for each record, not for each try to store
/// its dead letter. Times are milliseconds of one rising clock.
package struct FloodGuard: Sendable {
  package struct Limits: Sendable {
    /// Dead letters that pass without any success.
    package var allowance = 10
    /// Time in which one of the allowance grows back.
    package var intervalMs: Int64 = 60_000
    /// Tokens that can be saved up.
    package var tokensMax = 1000
    /// How long a token is good for.
    package var tokenMs: Int64 = 300_000

    package init() {}
  }

  package enum Verdict: Sendable, Equatable {
    case pass
    /// Stop, say so, and ask again then; a success may come earlier.
    case pause(untilMs: Int64)
  }

  /// True from a `pause` to the next token or success.
  package private(set) var isPaused = false

  /// Steps in which tokens expire.
  private static let parts = 30

  private let limits: Limits
  /// By when they were earned.
  private var tokens: SlidingCount
  private var allowance: Int
  /// Since when the next of the allowance has been growing; of no meaning while it is complete.
  private var growingSinceMs: Int64 = 0

  package init(_ limits: Limits) {
    precondition(limits.allowance > 0 && limits.tokensMax > 0, "FloodGuard.init: zero limit")
    precondition(
      limits.intervalMs > 0 && limits.tokenMs >= Int64(Self.parts),
      "FloodGuard.init: times too short")
    self.limits = limits
    tokens = SlidingCount(slots: Self.parts, slotMs: limits.tokenMs / Int64(Self.parts))
    allowance = limits.allowance
  }

  /// Notes that a record was worked on to its end.
  package mutating func succeeded(nowMs: Int64) {
    isPaused = false
    tokens.move(to: nowMs)
    if tokens.sum < limits.tokensMax { tokens.add(1) }
  }

  /// Asks whether a record may be buried. `pass` has cost its token already.
  package mutating func bury(nowMs: Int64) -> Verdict {
    tokens.move(to: nowMs)
    grow(nowMs: nowMs)
    if tokens.sum > 0 {
      tokens.takeOldest()
    } else if allowance > 0 {
      if allowance == limits.allowance { growingSinceMs = nowMs }
      allowance -= 1
    } else {
      isPaused = true
      return .pause(untilMs: growingSinceMs + limits.intervalMs)
    }
    isPaused = false
    return .pass
  }

  private mutating func grow(nowMs: Int64) {
    guard allowance < limits.allowance, nowMs - growingSinceMs >= limits.intervalMs else { return }
    let grown = (nowMs - growingSinceMs) / limits.intervalMs
    allowance = Int(min(Int64(limits.allowance), Int64(allowance) + grown))
    growingSinceMs += grown * limits.intervalMs
  }
}
