// Dead letters against successes: what passes, what stops, and how it goes on.
import Model
import Testing

@testable import Lanes

@Suite struct FloodGuardTests {
  private static func limits() -> FloodGuard.Limits {
    var limits = FloodGuard.Limits()
    limits.allowance = 3
    limits.intervalMs = 1000
    limits.tokensMax = 20
    limits.tokenMs = 30_000
    return limits
  }

  private static func buried(_ guardian: inout FloodGuard, _ count: Int, at nowMs: Int64) -> Int {
    (0..<count).count { _ in guardian.bury(nowMs: nowMs) == .pass }
  }

  @Test func theAllowancePassesThenItStops() {
    var guardian = FloodGuard(Self.limits())
    let passed = Self.buried(&guardian, 3, at: 500)
    #expect(passed == 3)
    #expect(!guardian.isPaused)
    let verdict = guardian.bury(nowMs: 600)
    #expect(verdict == .pause(untilMs: 1500))
    #expect(guardian.isPaused)
  }

  @Test func eachSuccessPaysForOne() {
    var guardian = FloodGuard(Self.limits())
    for _ in 0..<5 { guardian.succeeded(nowMs: 0) }
    let passed = Self.buried(&guardian, 100, at: 0)
    #expect(passed == 5 + 3)
  }

  @Test func tokensAreCapped() {
    var guardian = FloodGuard(Self.limits())
    for _ in 0..<1000 { guardian.succeeded(nowMs: 0) }
    let passed = Self.buried(&guardian, 1000, at: 0)
    #expect(passed == 20 + 3)
  }

  @Test func tokensExpire() {
    var guardian = FloodGuard(Self.limits())
    for _ in 0..<10 { guardian.succeeded(nowMs: 500) }
    for _ in 0..<4 { guardian.succeeded(nowMs: 20_000) }
    // The oldest are spent first.
    let early = Self.buried(&guardian, 2, at: 29_999)
    let late = Self.buried(&guardian, 100, at: 30_000)
    #expect(early == 2)
    #expect(late == 4 + 3, "eight of the first ten are gone")
    let muchLater = Self.buried(&guardian, 100, at: 10_000_000)
    #expect(muchLater == 3)
  }

  @Test func whileStoppedOnePassesAnInterval() {
    var guardian = FloodGuard(Self.limits())
    _ = Self.buried(&guardian, 3, at: 0)
    var passed: [Int64] = []
    for nowMs in Int64(1)...10_500 where guardian.bury(nowMs: nowMs) == .pass {
      passed.append(nowMs)
      #expect(!guardian.isPaused)
    }
    #expect(passed == (1...10).map { $0 * 1000 })
  }

  @Test func aSuccessEndsThePause() {
    var guardian = FloodGuard(Self.limits())
    _ = Self.buried(&guardian, 4, at: 0)
    #expect(guardian.isPaused)
    guardian.succeeded(nowMs: 1)
    #expect(!guardian.isPaused)
    let passed = Self.buried(&guardian, 2, at: 2)
    #expect(passed == 1)
  }

  @Test func theAllowanceGrowsBackAndNoFurther() {
    var guardian = FloodGuard(Self.limits())
    _ = Self.buried(&guardian, 3, at: 0)
    let two = Self.buried(&guardian, 10, at: 2500)
    #expect(two == 2)
    let three = Self.buried(&guardian, 10, at: 1_000_000)
    #expect(three == 3)
  }

  /// Rare bad records among good ones never stop anything; a topic that is all bad is not drained.
  @Test func simulation() {
    for seed in 0..<200 {
      var random = SplitMix64(seed: UInt64(seed))
      var guardian = FloodGuard(FloodGuard.Limits())
      for nowMs in stride(from: Int64(0), to: 2_000_000, by: 500) {
        if random.chance(0.3) {
          if guardian.bury(nowMs: nowMs) != .pass { Issue.record("seed \(seed): at \(nowMs)") }
        } else {
          guardian.succeeded(nowMs: nowMs)
        }
      }
      let drained = (0..<100_000).count { _ in guardian.bury(nowMs: 2_000_000) == .pass }
      #expect(drained <= 1000 + 10, "seed \(seed)")
    }
  }
}
