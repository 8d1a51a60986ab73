// Quotas: several windows, reports of the provider, the live floor, throttling.
import Model
import Testing

@testable import Lanes

@Suite struct QuotaTests {
  private static let perSecond = QuotaWindow.Limits(limit: 10, lengthMs: 1000)

  /// Cost granted, one at a time, until the first wait.
  private static func drain(
    _ quota: inout Quota, priority: Quota.Priority = .live, at nowMs: Int64
  ) -> Int {
    (0..<10_000).prefix { _ in quota.take(1, priority: priority, nowMs: nowMs) == .granted }.count
  }

  @Test func aBurstUpToTheLimitThenAWait() {
    var quota = Quota(windows: [Self.perSecond])
    let granted = Self.drain(&quota, at: 5000)
    #expect(granted == 10)
    let verdict = quota.take(1, priority: .live, nowMs: 5000)
    guard case .wait(let untilMs) = verdict else { Issue.record("granted"); return }
    #expect((6000...6064).contains(untilMs))
    let early = quota.take(1, priority: .live, nowMs: untilMs - 1)
    let late = quota.take(10, priority: .live, nowMs: untilMs)
    #expect(early == .wait(untilMs: untilMs))
    #expect(late == .granted)
  }

  @Test func theTightestWindowDecidesAndAllAreCharged() {
    var quota = Quota(windows: [
      Self.perSecond, QuotaWindow.Limits(limit: 25, lengthMs: 10_000),
    ])
    let granted = [0, 1100, 2200, 3300].map { Self.drain(&quota, at: $0) }
    #expect(granted == [10, 10, 5, 0])
    let afterwards = Self.drain(&quota, at: 10_400)
    #expect(afterwards == 10)
  }

  @Test func aWaitChargesNothing() {
    var quota = Quota(windows: [Self.perSecond, QuotaWindow.Limits(limit: 4, lengthMs: 2000)])
    let verdict = quota.take(4, priority: .live, nowMs: 0)
    #expect(verdict == .granted)
    for _ in 0..<100 { _ = quota.take(1, priority: .live, nowMs: 1) }
    let afterwards = quota.take(4, priority: .live, nowMs: 2100)
    #expect(afterwards == .granted)
  }

  @Test func aCostThatNoWindowCanGrantTakesAllOfIt() {
    var quota = Quota(windows: [
      QuotaWindow.Limits(limit: 10, lengthMs: 1000, reservedForLive: 4)
    ])
    let first = quota.take(50, priority: .background, nowMs: 0)
    #expect(first == .granted)
    let second = quota.take(1, priority: .live, nowMs: 0)
    #expect(second != .granted)
    let third = quota.take(50, priority: .live, nowMs: 1100)
    #expect(third == .granted)
  }

  @Test func theFloorIsForLiveTraffic() {
    let day: Int64 = 86_400_000
    var quota = Quota(windows: [
      QuotaWindow.Limits(limit: 1000, lengthMs: day, reservedForLive: 300)
    ])
    let background = Self.drain(&quota, priority: .background, at: 0)
    let live = Self.drain(&quota, at: 0)
    #expect([background, live] == [700, 300])
    let verdict = quota.take(1, priority: .background, nowMs: day / 2)
    guard case .wait(let untilMs) = verdict else { Issue.record("granted"); return }
    #expect(untilMs >= day)
  }

  @Test func theFloorHoldsAgainstReportsToo() {
    var quota = Quota(windows: [
      QuotaWindow.Limits(limit: 1000, lengthMs: 10_000, reservedForLive: 300)
    ])
    quota.report(RateReport(remaining: 305, resetAtMs: 8000), window: 0, nowMs: 0)
    let background = Self.drain(&quota, priority: .background, at: 0)
    let live = Self.drain(&quota, at: 0)
    #expect([background, live] == [5, 300])
  }

  @Test func reportsOnlyTightenInsideAWindow() {
    var quota = Quota(windows: [QuotaWindow.Limits(limit: 100, lengthMs: 10_000)])
    quota.report(RateReport(limit: 100, remaining: 20, resetAtMs: 9000), window: 0, nowMs: 0)
    quota.report(RateReport(limit: 100, remaining: 60, resetAtMs: 9000), window: 0, nowMs: 0)
    let granted = Self.drain(&quota, at: 10)
    #expect(granted == 20)
    let verdict = quota.take(1, priority: .live, nowMs: 10)
    #expect(verdict == .wait(untilMs: 9000))
    quota.report(RateReport(limit: 100, remaining: 50, resetAtMs: 9000), window: 0, nowMs: 20)
    let late = quota.take(1, priority: .live, nowMs: 30)
    #expect(late == .wait(untilMs: 9000), "an answer of before")
    // Its end is the end of what it said.
    let next = Self.drain(&quota, at: 9000)
    #expect(next == 80, "20 of the last ten seconds are our own count")
  }

  @Test func aLaterEndIsAnotherWindow() {
    var quota = Quota(windows: [QuotaWindow.Limits(limit: 100, lengthMs: 10_000)])
    quota.report(RateReport(remaining: 0, resetAtMs: 5000), window: 0, nowMs: 0)
    quota.report(RateReport(remaining: 7, resetAtMs: 10_000), window: 0, nowMs: 100)
    let granted = Self.drain(&quota, at: 100)
    #expect(granted == 7)
  }

  @Test func aLowerLimitIsBelieved() {
    var quota = Quota(windows: [QuotaWindow.Limits(limit: 100, lengthMs: 1000)])
    quota.report(RateReport(limit: 40), window: 0, nowMs: 0)
    let granted = Self.drain(&quota, at: 0)
    #expect(granted == 40)
  }

  @Test func reportsWithoutSenseDoNotStopTheClass() {
    var quota = Quota(windows: [QuotaWindow.Limits(limit: 100, lengthMs: 1000)])
    quota.report(RateReport(limit: 0, remaining: -5, resetAtMs: .max), window: 0, nowMs: 0)
    let now = quota.take(1, priority: .live, nowMs: 0)
    #expect(now == .wait(untilMs: 1000))
    let granted = Self.drain(&quota, at: 1000)
    #expect(granted == 100)
    quota.report(RateReport(remaining: 0, resetAtMs: 500), window: 0, nowMs: 2100)
    let late = quota.take(1, priority: .live, nowMs: 2100)
    #expect(late == .granted, "it has ended already")
  }

  @Test func throttledStandsStillThenRamps() {
    var quota = Quota(windows: [QuotaWindow.Limits(limit: 1000, lengthMs: 1000)])
    quota.throttled(untilMs: 5000)
    quota.throttled(untilMs: 3000)
    let verdict = quota.take(1, priority: .live, nowMs: 4999)
    #expect(verdict == .wait(untilMs: 5000))
    let perSecond = (5..<17).map { second in
      (0..<1000).reduce(0) { sum, ms in
        sum + Self.drain(&quota, at: Int64(second * 1000 + ms))
      }
    }
    // 2 a second at first, twice as much each second, until the window alone decides.
    #expect((2...4).contains(perSecond[0]))
    for second in 1..<8 {
      #expect((1.7...2.4).contains(Double(perSecond[second]) / Double(perSecond[second - 1])))
    }
    #expect(perSecond[11] >= 950)
  }

  @Test func withoutWindowsOnlyThrottlingHoldsBack() {
    var quota = Quota(windows: [])
    let granted = Self.drain(&quota, at: 0)
    #expect(granted == 10_000)
    quota.throttled(untilMs: 100)
    let verdict = quota.take(1, priority: .live, nowMs: 0)
    #expect(verdict == .wait(untilMs: 100))
    let first = quota.take(1, priority: .live, nowMs: 100)
    let second = quota.take(1, priority: .live, nowMs: 100)
    #expect(first == .granted)
    #expect(second == .wait(untilMs: 600))
  }

  @Test func remainingIsWhatLiveCallsMaySpend() {
    var window = QuotaWindow(Self.perSecond)
    window.charge(3)
    let own = window.remaining(nowMs: 0)
    window.report(RateReport(remaining: 2), nowMs: 0)
    let told = window.remaining(nowMs: 0)
    #expect([own, told] == [7, 2])
  }

  /// Random costs at random times: no stretch of a window's length sees more than its limit, a
  /// wait is never shorter than it must be, and the rate is nearly what the limit allows.
  @Test func noStretchSeesMoreThanTheLimit() {
    for seed in 0..<300 {
      var random = SplitMix64(seed: UInt64(seed))
      let limits = [
        QuotaWindow.Limits(
          limit: .random(in: 5...40, using: &random),
          lengthMs: .random(in: 20...2000, using: &random)),
        QuotaWindow.Limits(
          limit: .random(in: 20...300, using: &random),
          lengthMs: .random(in: 2000...20_000, using: &random)),
      ]
      var quota = Quota(windows: limits)
      var granted: [(ms: Int64, cost: Int)] = []
      var nowMs = Int64.random(in: 0...100_000, using: &random)
      for _ in 0..<400 {
        let cost = Int.random(in: 1...4, using: &random)
        switch quota.take(cost, priority: .live, nowMs: nowMs) {
        case .granted: granted.append((nowMs, cost))
        case .wait(let untilMs):
          if untilMs <= nowMs { Issue.record("seed \(seed): a wait that is over") }
          nowMs = random.chance(0.7) ? untilMs : nowMs + 1
        }
        if random.chance(0.2) { nowMs += Int64.random(in: 0...100, using: &random) }
      }
      for limit in limits {
        var sum = 0
        var first = 0
        for grant in granted {
          sum += grant.cost
          while granted[first].ms <= grant.ms - limit.lengthMs {
            sum -= granted[first].cost
            first += 1
          }
          if sum > limit.limit { Issue.record("seed \(seed): \(sum) at \(grant.ms)") }
        }
      }
    }
  }

  @Test func theRateIsNearlyTheLimit() {
    var quota = Quota(windows: [QuotaWindow.Limits(limit: 190, lengthMs: 10_000)])
    let granted = (0..<100_000).reduce(0) { sum, ms in sum + Self.drain(&quota, at: Int64(ms)) }
    #expect((1840...1900).contains(granted))
  }
}
