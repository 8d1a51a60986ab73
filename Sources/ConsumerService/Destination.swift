// One API as one account: everything that holds calls to it back. Decides only; the loop acts.
import HTTPClient
import Lanes
import Model
import Settings
import Telemetry

/// Breaker, adaptive concurrency and quota of one destination.
struct Destination {
  /// What a call that may go out holds until it ends.
  struct Permit {
    /// Nil where concurrency does not adapt.
    let place: ConcurrencyLimiter.Place?
    let isProbe: Bool
  }

  enum Admission {
    case go(Permit)
    /// Ask again then; nil: when a call has ended.
    case wait(untilMs: Int64?)
  }

  /// How a call ended, as far as the destination is concerned.
  enum CallEnd {
    case answered
    case failed
    /// Asked to slow down; nil where no time was named.
    case throttled(untilMs: Int64?)
    /// Given up by us.
    case abandoned
  }

  private static let windowMsMax: Int64 = 31 * 86_400_000
  private static let windowCallsMax: Int64 = 1 << 40

  let name: String
  private(set) var breaker: Breaker
  private(set) var limiter: ConcurrencyLimiter
  private(set) var quota: Quota
  /// Windows that the provider told of, by its name of them.
  private var toldWindows: [String: Int] = [:]
  private let rateHeaders: RateHeaders
  private let isAdaptive: Bool
  private let callsMax: Int
  private var callsUnderWay = 0
  /// Known to be closed until then: spares asking again for every lane.
  private var closedUntilMs: Int64 = .min

  init(name: String, _ fetch: FetchSettings, seed: UInt64) {
    self.name = name
    rateHeaders = RateHeaders(provider: fetch.provider)
    var limits = Breaker.Limits()
    limits.failuresInRowMax = fetch.pace.breakerFailuresMax
    limits.openMs = Int64(fetch.pace.breakerOpenMs)
    limits.openMsMax = Int64(max(fetch.pace.breakerOpenMs, fetch.pace.breakerOpenMaxMs))
    breaker = Breaker(limits: limits, seed: seed)
    limiter = ConcurrencyLimiter(.init(limitMax: fetch.connectionsMax))
    var windows: [QuotaWindow.Limits] = []
    if let calls = fetch.pace.callsPerSecondMax {
      windows.append(QuotaWindow.Limits(limit: calls, lengthMs: 1000))
    }
    if let calls = fetch.pace.callsPerDayMax {
      windows.append(QuotaWindow.Limits(limit: calls, lengthMs: 86_400_000))
    }
    quota = Quota(windows: windows)
    isAdaptive = fetch.pace.isAdaptive
    callsMax = fetch.connectionsMax
  }

  /// Calls that may be under way now.
  var callsLimit: Int { isAdaptive ? limiter.limit : callsMax }

  /// How many more calls could go out, as far as their number goes.
  var room: Int { max(0, callsLimit - callsUnderWay) }

  /// True while the breaker keeps calls back.
  var isAway: Bool { breaker.state != .closed }

  /// What an answer's headers say of the account's quota: a window of the provider's counts like
  /// a configured one.
  mutating func noteRates(_ headers: HTTPHeaders, nowMs: Int64) {
    let wallMs = SystemClock.wallMs
    for window in rateHeaders.windows(in: headers, epochMs: wallMs) {
      guard let index = index(of: window, wallMs: wallMs) else { continue }
      quota.report(
        RateReport(
          limit: window.limit.map { Int(clamping: $0) },
          remaining: window.remaining.map { Int(clamping: $0) },
          resetAtMs: window.resetAtMs.map { nowMs + $0 - wallMs }),
        window: index, nowMs: nowMs)
    }
  }

  private mutating func index(of window: RateWindow, wallMs: Int64) -> Int? {
    if let index = toldWindows[window.name] { return index }
    let lengthMs = window.windowS.map { $0 * 1000 } ?? window.resetAtMs.map { $0 - wallMs }
    // A quota of which nobody says when it ends cannot be waited for.
    guard let lengthMs, lengthMs > 0, lengthMs <= Self.windowMsMax else { return nil }
    let limit = min(max(window.limit ?? Self.windowCallsMax, 1), Self.windowCallsMax)
    let index = quota.add(QuotaWindow.Limits(limit: Int(limit), lengthMs: lengthMs))
    toldWindows[window.name] = index
    return index
  }

  /// When asking makes sense again; nil when nothing but a call's end can help.
  func nextAskMs(nowMs: Int64) -> Int64? {
    closedUntilMs > nowMs ? closedUntilMs : room > 0 ? nowMs : nil
  }

  /// Asks for one call. `go` must be followed by `ended`.
  mutating func admit(nowMs: Int64) -> Admission {
    guard nowMs >= closedUntilMs else { return .wait(untilMs: closedUntilMs) }
    guard room > 0 else { return .wait(untilMs: nil) }
    let isProbe: Bool
    switch breaker.admit(nowMs: nowMs) {
    case .pass: isProbe = false
    case .probe: isProbe = true
    case .refuse(let untilMs):
      closedUntilMs = untilMs
      return .wait(untilMs: untilMs)
    }
    if case .wait(let untilMs) = quota.take(1, priority: .live, nowMs: nowMs) {
      if isProbe { breaker.abandonProbe() }
      closedUntilMs = untilMs
      return .wait(untilMs: untilMs)
    }
    callsUnderWay += 1
    return .go(Permit(place: isAdaptive ? limiter.tryAcquire() : nil, isProbe: isProbe))
  }

  /// Takes a call's end. Returns what it did to the breaker.
  mutating func ended(
    _ permit: Permit, _ end: CallEnd, latencyUs: Int, nowMs: Int64
  ) -> Breaker.Change? {
    callsUnderWay -= 1
    if case .abandoned = end {
      if let place = permit.place { limiter.abandon(place) }
      if permit.isProbe {
        breaker.abandonProbe()
        closedUntilMs = .min
      }
      return nil
    }
    var isFailure = false
    var isOverload = false
    switch end {
    case .answered, .abandoned: break
    case .failed: (isFailure, isOverload) = (true, true)
    case .throttled(let untilMs):
      isOverload = true
      if let untilMs {
        quota.throttled(untilMs: untilMs)
        closedUntilMs = max(closedUntilMs, untilMs)
      }
    }
    if let place = permit.place {
      limiter.release(place, latencyUs: latencyUs, isOverload: isOverload, nowMs: nowMs)
    }
    let change = breaker.record(isFailure: isFailure, wasProbe: permit.isProbe, nowMs: nowMs)
    switch change {
    case .opened(let untilMs)?: closedUntilMs = untilMs
    // It answers again: what was only known of the breaker does not hold any more.
    case .closed?: closedUntilMs = max(.min, quota.throttledUntilMs)
    case nil: break
    }
    return change
  }
}
