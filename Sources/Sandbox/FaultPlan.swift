// Draws what happens to each request, and counts them against the announced rate.

import Model

/// The faults with their dice and the rate window. Pure: the time comes from the caller.
struct FaultPlan: Sendable {
  /// As they were set; `faults(nowMs:)` says what is left of storms and bursts.
  private(set) var faults = SandboxFaults()
  var reads = SandboxReads()
  private var random = SplitMix64(seed: 1)
  private var windowStartMs: Int64 = 0
  private var requestsInWindow = 0
  private var requestsToday = 0
  private var throttleUntilMs: Int64 = 0
  private var errorUntilMs: Int64 = 0
  private var deadUntilMs: Int64 = 0
  private var bucket = SecondBucket()
  private var waits = AskedWaits()

  static let windowMs: Int64 = 10_000
  /// Beyond what any run reaches: nothing is refused for it.
  static let dailyMax = 1_000_000_000
  static let unboundMax = 1_000_000

  struct Verdict: Equatable {
    var delayMs: Int64 = 0
    var refusal: Refusal?
  }

  enum Refusal: Equatable {
    /// With the text of Retry-After.
    case throttled(retryAfter: String)
    case unauthorized
    case status(Int)
  }

  /// Which state of a record a read shows.
  enum Sight: Equatable {
    case now
    case beforeLastChange
    /// So long ago.
    case past(ms: Int64)
  }

  mutating func set(_ new: SandboxFaults, nowMs: Int64) {
    if new.seed != faults.seed { random = SplitMix64(seed: new.seed) }
    if new.requestsPerSecondMax != faults.requestsPerSecondMax { bucket = SecondBucket() }
    throttleUntilMs = nowMs + new.throttleForMs
    errorUntilMs = nowMs + new.errorForMs
    deadUntilMs = nowMs + new.deadForMs
    faults = new
  }

  func faults(nowMs: Int64) -> SandboxFaults {
    var left = faults
    left.throttleForMs = max(throttleUntilMs - nowMs, 0)
    left.errorForMs = max(errorUntilMs - nowMs, 0)
    left.deadForMs = max(deadUntilMs - nowMs, 0)
    return left
  }

  /// True when this request gets no answer at all.
  mutating func isDead(nowMs: Int64) -> Bool {
    guard nowMs < deadUntilMs else { return false }
    reads.dropped += 1
    return true
  }

  /// For one request that showed the right token.
  mutating func verdict(nowMs: Int64) -> Verdict {
    if nowMs - windowStartMs >= Self.windowMs || nowMs < windowStartMs {
      windowStartMs = nowMs
      requestsInWindow = 0
    }
    requestsInWindow += 1
    requestsToday += 1
    if waits.isAgainst(nowMs: nowMs) { reads.callsWhileThrottled += 1 }
    var verdict = Verdict(delayMs: max(faults.latencyMs, 0))
    if faults.latencyJitterMs > 0 {
      verdict.delayMs += Int64.random(in: 0...faults.latencyJitterMs, using: &random)
    }
    if random.chance(faults.slowRate) { verdict.delayMs += max(faults.slowMs, 0) }
    verdict.refusal = refusal(nowMs, answeredAtMs: nowMs + verdict.delayMs)
    return verdict
  }

  /// Which state this read is to answer.
  mutating func sight() -> Sight {
    if faults.staleNext > 0 {
      faults.staleNext -= 1
      return .beforeLastChange
    }
    guard faults.staleForMs > 0, faults.staleRate >= 1 || random.chance(faults.staleRate) else {
      return .now
    }
    return .past(ms: faults.staleForMs)
  }

  /// True when this token request fails.
  mutating func failsTokenRequest() -> Bool {
    guard faults.tokenErrorNext > 0 else { return false }
    faults.tokenErrorNext -= 1
    return true
  }

  /// What they tell of is what happens: a limit that is not enforced is not told of.
  var rateHeaders: [(String, String)] {
    let rateMax = faults.isRateEnforced ? faults.rateMax : Self.unboundMax
    return [
      ("X-HubSpot-RateLimit-Max", String(rateMax)),
      ("X-HubSpot-RateLimit-Remaining", String(max(rateMax - requestsInWindow, 0))),
      ("X-HubSpot-RateLimit-Interval-Milliseconds", String(Self.windowMs)),
      ("X-HubSpot-RateLimit-Daily", String(Self.dailyMax)),
      ("X-HubSpot-RateLimit-Daily-Remaining", String(max(Self.dailyMax - requestsToday, 0))),
    ]
  }

  private mutating func refusal(_ nowMs: Int64, answeredAtMs: Int64) -> Refusal? {
    if faults.unauthorizedNext > 0 {
      faults.unauthorizedNext -= 1
      return .unauthorized
    }
    if faults.isRateEnforced, requestsInWindow > faults.rateMax {
      let leftMs = windowStartMs + Self.windowMs - nowMs
      return throttle(seconds: Int((leftMs + 999) / 1000), answeredAtMs)
    }
    if faults.requestsPerSecondMax > 0,
      !bucket.take(perSecond: faults.requestsPerSecondMax, nowMs: nowMs)
    {
      return throttle(seconds: 1, answeredAtMs)
    }
    if nowMs < throttleUntilMs { return throttle(seconds: faults.retryAfterS, answeredAtMs) }
    if nowMs < errorUntilMs { return .status(faults.errorStatus) }
    if faults.throttleNext > 0 {
      faults.throttleNext -= 1
      return throttle(seconds: faults.retryAfterS, answeredAtMs)
    }
    if faults.errorNext > 0 {
      faults.errorNext -= 1
      return .status(faults.errorStatus)
    }
    if random.chance(faults.throttleRate) {
      return throttle(seconds: faults.retryAfterS, answeredAtMs)
    }
    if random.chance(faults.errorRate) { return .status(faults.errorStatus) }
    return nil
  }

  private mutating func throttle(seconds: Int, _ answeredAtMs: Int64) -> Refusal {
    reads.throttled += 1
    var untilMs = answeredAtMs + Int64(seconds) * 1000
    var text = String(seconds)
    if faults.retryAfterIsDate {
      untilMs = (untilMs + 999) / 1000 * 1000
      text = HTTPDate.text(ms: untilMs)
    }
    waits.asked(atMs: answeredAtMs, untilMs: untilMs)
    return .throttled(retryAfter: text)
  }
}
