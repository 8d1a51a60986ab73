// When to stop asking a destination that fails anyway, and when to ask it again.
import Model

/// The circuit breaker of one destination and account.
///
/// A failure is an attempt that says the destination is unwell (`transient`). Throttling and
/// permanent answers are not: whoever answers 429 or 404 is there. Times are milliseconds of one
/// rising clock.
package struct Breaker: Sendable {
  package struct Limits: Sendable {
    /// Failures in a row that open it.
    package var failuresInRowMax = 20
    /// Share of failures in the window that opens it, once the window holds `attemptsMin`.
    package var failureShareMax = 0.5
    package var attemptsMin = 50
    package var windowMs: Int64 = 10_000
    /// How long it stays open at first; each failed probe doubles this.
    package var openMs: Int64 = 1_000
    package var openMsMax: Int64 = 60_000
    /// A probe without a result after this long is given up, and another one let through.
    package var probeMsMax: Int64 = 60_000

    package init() {}
  }

  package enum State: Sendable, Equatable {
    /// Everything passes.
    /// Can transition to: `open` (too many failures).
    case closed
    /// Nothing passes before the time.
    /// Can transition to: `probing` (the time came: the first who asks is the probe).
    case open(untilMs: Int64)
    /// One attempt is under way, nothing else passes.
    /// Can transition to: `closed` (it did not fail), `open` (it failed), `halfOpen` (abandoned),
    /// `probing` (no result until `giveUpMs`: the next who asks is the probe).
    case probing(giveUpMs: Int64)
    /// The next who asks is the probe.
    /// Can transition to: `probing`.
    case halfOpen
  }

  package enum Verdict: Sendable, Equatable {
    case pass
    /// Go, and report the result with `wasProbe`, or call `abandonProbe`.
    case probe
    /// Ask again then; a result may let others through earlier.
    case refuse(untilMs: Int64)
  }

  /// What a result did, for those who wait and for those who watch.
  package enum Change: Sendable, Equatable {
    case opened(untilMs: Int64)
    case closed
  }

  package private(set) var state = State.closed
  private let limits: Limits
  private var random: SplitMix64
  private var failuresInRow = 0
  private var window: FailureWindow
  /// Times it opened since it was last closed.
  private var openings = 0

  package init(limits: Limits, seed: UInt64) {
    precondition(limits.failuresInRowMax > 0 && limits.attemptsMin > 0, "Breaker.init: zero limit")
    precondition(
      limits.openMs > 0 && limits.openMsMax >= limits.openMs, "Breaker.init: times to stay open")
    self.limits = limits
    random = SplitMix64(seed: seed)
    window = FailureWindow(lengthMs: limits.windowMs)
  }

  /// Asks whether an attempt may go out now.
  package mutating func admit(nowMs: Int64) -> Verdict {
    switch state {
    case .closed:
      return .pass
    case .open(let untilMs) where nowMs < untilMs:
      return .refuse(untilMs: untilMs)
    case .probing(let giveUpMs) where nowMs < giveUpMs:
      return .refuse(untilMs: giveUpMs)
    case .open, .probing, .halfOpen:
      state = .probing(giveUpMs: nowMs + limits.probeMsMax)
      return .probe
    }
  }

  /// Notes the result of an attempt that `admit` let through. While it is not closed only probes
  /// count: everything else went out before it opened.
  package mutating func record(isFailure: Bool, wasProbe: Bool, nowMs: Int64) -> Change? {
    switch state {
    case .closed:
      window.add(isFailure: isFailure, nowMs: nowMs)
      guard isFailure else {
        failuresInRow = 0
        return nil
      }
      failuresInRow += 1
      return isTooMuch(nowMs: nowMs) ? open(nowMs: nowMs) : nil
    case .probing where wasProbe, .halfOpen where wasProbe:
      return isFailure ? open(nowMs: nowMs) : close()
    case .open, .probing, .halfOpen:
      return nil
    }
  }

  /// Notes that the probe will have no result: its partition was taken away.
  package mutating func abandonProbe() {
    if case .probing = state { state = .halfOpen }
  }

  private mutating func isTooMuch(nowMs: Int64) -> Bool {
    if failuresInRow >= limits.failuresInRowMax { return true }
    let (failures, attempts) = window.counts(nowMs: nowMs)
    return attempts >= limits.attemptsMin
      && Double(failures) >= limits.failureShareMax * Double(attempts)
  }

  /// Stays open for 75 to 100 % of the time that is due: many breakers that opened together shall
  /// not probe together.
  private mutating func open(nowMs: Int64) -> Change {
    let dueMs = min(limits.openMsMax, limits.openMs << Int64(min(openings, 20)))
    let untilMs = nowMs + dueMs - Int64.random(in: 0...dueMs / 4, using: &random)
    openings += 1
    state = .open(untilMs: untilMs)
    return .opened(untilMs: untilMs)
  }

  private mutating func close() -> Change {
    state = .closed
    openings = 0
    failuresInRow = 0
    window.clear()
    return .closed
  }
}
