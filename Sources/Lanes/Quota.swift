// How many calls of one kind a provider lets us make, and when the next may go out.

/// The quota of one account and class of endpoints ("read", "search"): several windows at once, and
/// what the provider says of them. Times are milliseconds of one rising clock that agrees with the
/// wall clock, since resets are told in wall time.
package struct Quota: Sendable {
  /// How a class begins again after it was throttled.
  package struct Ramp: Sendable {
    /// Cost a second at first; it doubles every second.
    package var startPerSecond = 2.0
    /// After this long only the windows hold it back.
    package var rampMs: Int64 = 10_000

    package init() {}
  }

  package enum Priority: Sendable, Equatable {
    case live
    /// Sweeps, backfills: what each window keeps free for live traffic is not for them.
    case background
  }

  package enum Verdict: Sendable, Equatable {
    /// The cost is charged already.
    case granted
    /// Nothing was charged. It cannot be granted before then, which is later than now.
    case wait(untilMs: Int64)
  }

  package private(set) var windows: [QuotaWindow]
  /// Nothing goes out before: the provider said so.
  package private(set) var throttledUntilMs: Int64 = .min
  private let ramp: Ramp
  /// While it ramps up, when the next cost may go out.
  private var nextMs = -Double.infinity

  /// Without windows only throttling holds calls back.
  package init(windows: [QuotaWindow.Limits], ramp: Ramp = Ramp()) {
    precondition(
      ramp.startPerSecond > 0 && ramp.rampMs >= 0 && ramp.rampMs <= 60_000, "Quota.init: ramp")
    self.windows = windows.map(QuotaWindow.init)
    self.ramp = ramp
  }

  /// Adds a window and returns its index.
  package mutating func add(_ limits: QuotaWindow.Limits) -> Int {
    windows.append(QuotaWindow(limits))
    return windows.count - 1
  }

  /// Charges every window, or none. A cost above what a window can ever grant is taken for that
  /// much, so that no call waits for ever.
  package mutating func take(_ cost: Int, priority: Priority, nowMs: Int64) -> Verdict {
    precondition(cost > 0, "Quota.take: cost \(cost)")
    var untilMs = max(nowMs, throttledUntilMs)
    for index in windows.indices {
      untilMs = max(untilMs, windows[index].earliestMs(cost, priority: priority, nowMs: nowMs))
    }
    let isRamping = nowMs < throttledUntilMs &+ ramp.rampMs && throttledUntilMs > .min
    if isRamping, nextMs > Double(untilMs) { untilMs = Int64(nextMs.rounded(.up)) }
    guard untilMs <= nowMs else { return .wait(untilMs: untilMs) }
    for index in windows.indices { windows[index].charge(cost) }
    if isRamping {
      let elapsedMs = Double(nowMs - throttledUntilMs)
      let perMs = ramp.startPerSecond * Self.powerOfTwo(elapsedMs / 1000) / 1000
      nextMs = max(nextMs, Double(nowMs)) + Double(cost) / perMs
    }
    return .granted
  }

  /// What an answer's headers say of the window at this index.
  package mutating func report(_ report: RateReport, window: Int, nowMs: Int64) {
    windows[window].report(report, nowMs: nowMs)
  }

  /// The provider refused a call and named a time: the class stands still until then, and begins
  /// slowly. A time before one already known changes nothing.
  package mutating func throttled(untilMs: Int64) {
    guard untilMs > throttledUntilMs else { return }
    throttledUntilMs = untilMs
    nextMs = Double(untilMs)
  }

  /// Straight lines between the powers of two: as good as any curve, and without a library.
  private static func powerOfTwo(_ exponent: Double) -> Double {
    let whole = exponent.rounded(.down)
    return Double(sign: .plus, exponent: Int(whole), significand: 1) * (1 + exponent - whole)
  }
}

/// What a provider's answer says of one of its windows.
package struct RateReport: Sendable, Equatable {
  /// Cost that the whole window grants; nil where it is not told.
  package var limit: Int?
  /// What is left of it.
  package var remaining: Int?
  /// When the window ends; nil where it is not told.
  package var resetAtMs: Int64?

  package init(limit: Int? = nil, remaining: Int? = nil, resetAtMs: Int64? = nil) {
    self.limit = limit
    self.remaining = remaining
    self.resetAtMs = resetAtMs
  }
}
