// Draws what happens to each request, and counts them against the announced rate.

import Model

/// The faults with their dice and the rate window. Pure: the time comes from the caller.
struct FaultPlan: Sendable {
  private(set) var faults = SandboxFaults()
  private var random = SplitMix64(seed: 1)
  private var windowStartMs: Int64 = 0
  private var requestsInWindow = 0
  private var requestsToday = 0

  static let windowMs: Int64 = 10_000
  static let dailyMax = 650_000

  struct Verdict: Equatable {
    var delayMs: Int64 = 0
    var refusal: Refusal?
  }

  enum Refusal: Equatable {
    case throttled(retryAfterS: Int)
    case unauthorized
    case status(Int)
  }

  mutating func set(_ new: SandboxFaults) {
    if new.seed != faults.seed { random = SplitMix64(seed: new.seed) }
    faults = new
  }

  /// For one request that showed the right token.
  mutating func verdict(nowMs: Int64) -> Verdict {
    if nowMs - windowStartMs >= Self.windowMs || nowMs < windowStartMs {
      windowStartMs = nowMs
      requestsInWindow = 0
    }
    requestsInWindow += 1
    requestsToday += 1
    var verdict = Verdict(delayMs: max(faults.latencyMs, 0))
    if faults.latencyJitterMs > 0 {
      verdict.delayMs += Int64.random(in: 0...faults.latencyJitterMs, using: &random)
    }
    verdict.refusal = refusal(nowMs)
    return verdict
  }

  /// Whether this read is to answer the state before the last change.
  mutating func isStale(changedAtMs: Int64, nowMs: Int64) -> Bool {
    if faults.staleNext > 0 {
      faults.staleNext -= 1
      return true
    }
    return faults.staleForMs > 0 && nowMs - changedAtMs < faults.staleForMs
  }

  var rateHeaders: [(String, String)] {
    [
      ("X-HubSpot-RateLimit-Max", String(faults.rateMax)),
      ("X-HubSpot-RateLimit-Remaining", String(max(faults.rateMax - requestsInWindow, 0))),
      ("X-HubSpot-RateLimit-Interval-Milliseconds", String(Self.windowMs)),
      ("X-HubSpot-RateLimit-Daily", String(Self.dailyMax)),
      ("X-HubSpot-RateLimit-Daily-Remaining", String(max(Self.dailyMax - requestsToday, 0))),
    ]
  }

  private mutating func refusal(_ nowMs: Int64) -> Refusal? {
    if faults.unauthorizedNext > 0 {
      faults.unauthorizedNext -= 1
      return .unauthorized
    }
    if faults.isRateEnforced, requestsInWindow > faults.rateMax {
      let leftMs = windowStartMs + Self.windowMs - nowMs
      return .throttled(retryAfterS: Int((leftMs + 999) / 1000))
    }
    if faults.throttleNext > 0 {
      faults.throttleNext -= 1
      return .throttled(retryAfterS: faults.retryAfterS)
    }
    if faults.errorNext > 0 {
      faults.errorNext -= 1
      return .status(faults.errorStatus)
    }
    if random.chance(faults.throttleRate) { return .throttled(retryAfterS: faults.retryAfterS) }
    if random.chance(faults.errorRate) { return .status(faults.errorStatus) }
    return nil
  }
}
