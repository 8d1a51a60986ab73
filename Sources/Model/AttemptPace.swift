// When what failed is tried again by whoever must not wait meanwhile.

/// A wait that doubles with each failure, up to a limit. Asked, never slept through: while it runs,
/// its owner has other things to do.
package struct AttemptPace: Sendable {
  private let waitMsMin: Int64
  private let waitMsMax: Int64
  private var waitMs: Int64
  private var nextMs: Int64 = .min

  package init(waitMsMin: Int64, waitMsMax: Int64) {
    precondition(
      waitMsMin > 0 && waitMsMax >= waitMsMin, "AttemptPace.init: \(waitMsMin)...\(waitMsMax)")
    self.waitMsMin = waitMsMin
    self.waitMsMax = waitMsMax
    waitMs = waitMsMin
  }

  /// How long until the next attempt; zero when it may be made.
  package func remainingMs(nowMs: Int64) -> Int64 {
    nextMs <= nowMs ? 0 : nextMs - nowMs
  }

  package mutating func failed(nowMs: Int64) {
    nextMs = nowMs + waitMs
    waitMs = min(2 * waitMs, waitMsMax)
  }

  package mutating func succeeded() {
    self = AttemptPace(waitMsMin: waitMsMin, waitMsMax: waitMsMax)
  }
}
