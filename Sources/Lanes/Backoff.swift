// How long to wait before another attempt.
import Model

/// Exponential back-off with full jitter: a random time between 0 and `base * 2^(attempt - 1)`,
/// the latter capped. What the other side asked for (Retry-After) is never undercut.
package struct Backoff: Sendable {
  package let baseMs: Int64
  package let maxMs: Int64
  private var random: SplitMix64

  package init(baseMs: Int64, maxMs: Int64, seed: UInt64) {
    precondition(baseMs > 0 && maxMs >= baseMs, "Backoff.init: base \(baseMs), max \(maxMs)")
    self.baseMs = baseMs
    self.maxMs = maxMs
    random = SplitMix64(seed: seed)
  }

  /// The wait after the `attempt`-th attempt failed (from 1).
  package mutating func delayMs(attempt: Int, retryAfterMs: Int64?) -> Int64 {
    let doublings = min(max(attempt - 1, 0), 30)
    let ceiling = min(maxMs, baseMs << Int64(doublings))
    let jittered = Int64.random(in: 0...ceiling, using: &random)
    guard let retryAfterMs else { return jittered }
    // Jitter on top of what was asked, so that lanes stopped together do not return together.
    return max(0, retryAfterMs) + min(jittered, baseMs)
  }
}
