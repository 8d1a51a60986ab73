// When a lost server is tried again.

/// A wait that doubles with each failure. While it runs, calls fail at once: whoever waits for
/// their result has other things to do.
struct ReconnectPace {
  static let waitMsMin: Int64 = 100
  static let waitMsMax: Int64 = 5000

  private var waitMs = waitMsMin
  private var nextMs: Int64 = .min

  /// How long until the next attempt; zero when it may be made.
  func remainingMs(nowMs: Int64) -> Int64 {
    nextMs <= nowMs ? 0 : nextMs - nowMs
  }

  mutating func failed(nowMs: Int64) {
    nextMs = nowMs + waitMs
    waitMs = min(2 * waitMs, Self.waitMsMax)
  }

  mutating func succeeded() { self = ReconnectPace() }
}
