// How fast a source may send. Pure, and the lock around it.

import Synchronization
import Telemetry

/// Tokens come at a steady rate up to a limit; each request takes one.
struct TokenBucket: Sendable, Equatable {
  let ratePerS: Int64
  let burst: Int64
  /// In thousandths: at `ratePerS` so many come in a millisecond.
  private var milliTokens: Int64
  private var atMs: Int64

  /// Begins full. Both at least 1.
  init(ratePerS: Int, burst: Int, nowMs: Int64) {
    self.ratePerS = Int64(ratePerS)
    self.burst = Int64(burst)
    milliTokens = Int64(burst) * 1000
    atMs = nowMs
  }

  /// Nil: one was taken. Otherwise none is left, and after so many milliseconds there is one.
  mutating func take(nowMs: Int64) -> Int64? {
    if nowMs > atMs {
      let full = burst * 1000 - milliTokens
      // The comparison first: a long time without requests must not overflow the product.
      let isFull = nowMs - atMs >= full / ratePerS + 1
      milliTokens = isFull ? burst * 1000 : milliTokens + (nowMs - atMs) * ratePerS
      atMs = nowMs
    }
    guard milliTokens >= 1000 else { return (1000 - milliTokens + ratePerS - 1) / ratePerS }
    milliTokens -= 1000
    return nil
  }
}

/// One source's bucket, shared by all loops.
final class RateLimit: Sendable {
  private let bucket: Mutex<TokenBucket>

  init(ratePerS: Int, burst: Int) {
    bucket = Mutex(TokenBucket(ratePerS: ratePerS, burst: burst, nowMs: SystemClock.monotonicMs))
  }

  /// True when the request may go on.
  func admit() -> Bool { bucket.withLock { $0.take(nowMs: SystemClock.monotonicMs) } == nil }
}
