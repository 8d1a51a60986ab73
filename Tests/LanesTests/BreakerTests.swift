// Every way between closed, open and probing, and what does not count.
import Model
import Testing

@testable import Lanes

@Suite struct BreakerTests {
  private static func limits(inRow: Int = 3, share: Double = 0.5, min: Int = 10) -> Breaker.Limits {
    var limits = Breaker.Limits()
    limits.failuresInRowMax = inRow
    limits.failureShareMax = share
    limits.attemptsMin = min
    limits.windowMs = 1000
    limits.openMs = 100
    limits.openMsMax = 1000
    limits.probeMsMax = 5000
    return limits
  }

  /// A breaker that opened at 0; with it, until when.
  private static func opened() throws -> (Breaker, Int64) {
    var breaker = Breaker(limits: limits(), seed: 1)
    let changes = (0..<3).map { _ in breaker.record(isFailure: true, wasProbe: false, nowMs: 0) }
    #expect(changes[0] == nil && changes[1] == nil)
    guard case .opened(let untilMs) = try #require(changes[2]) else {
      throw Unexpected(breaker.state)
    }
    #expect((75...100).contains(untilMs))
    return (breaker, untilMs)
  }

  private struct Unexpected: Error {
    let state: Breaker.State
    init(_ state: Breaker.State) { self.state = state }
  }

  @Test func opensAfterFailuresInARow() throws {
    var (breaker, untilMs) = try Self.opened()
    for nowMs in [0, untilMs - 1] {
      let verdict = breaker.admit(nowMs: nowMs)
      #expect(verdict == .refuse(untilMs: untilMs))
    }
  }

  @Test func aSuccessEndsTheRow() {
    var breaker = Breaker(limits: Self.limits(share: 1.1), seed: 1)
    for attempt in 0..<100 {
      let change = breaker.record(isFailure: attempt % 3 != 0, wasProbe: false, nowMs: 0)
      #expect(change == nil)
    }
    #expect(breaker.state == .closed)
  }

  @Test func opensByShareOnceThereIsEnough() {
    var breaker = Breaker(limits: Self.limits(inRow: 1000), seed: 1)
    for attempt in 0..<9 {
      let change = breaker.record(isFailure: attempt > 3, wasProbe: false, nowMs: 0)
      #expect(change == nil, "5 of 9 failed, but 9 are too few")
    }
    let change = breaker.record(isFailure: true, wasProbe: false, nowMs: 500)
    #expect(change != nil)
  }

  @Test func oldFailuresAreForgotten() {
    var breaker = Breaker(limits: Self.limits(inRow: 1000), seed: 1)
    for _ in 0..<9 {
      _ = breaker.record(isFailure: true, wasProbe: false, nowMs: 50)
    }
    for nowMs: Int64 in [1000, 1001, 1002, 1003] {
      let change = breaker.record(isFailure: true, wasProbe: false, nowMs: nowMs)
      #expect(change == nil, "the nine of 50 ms are out of the window")
    }
  }

  @Test func oneProbeAtATime() throws {
    var (breaker, untilMs) = try Self.opened()
    let verdicts = (0..<3).map { _ in breaker.admit(nowMs: untilMs) }
    let wait = Breaker.Verdict.refuse(untilMs: untilMs + 5000)
    #expect(verdicts == [.probe, wait, wait])
  }

  @Test func aProbeThatSucceedsCloses() throws {
    var (breaker, untilMs) = try Self.opened()
    _ = breaker.admit(nowMs: untilMs)
    let change = breaker.record(isFailure: false, wasProbe: true, nowMs: untilMs + 20)
    #expect(change == .closed)
    let verdict = breaker.admit(nowMs: untilMs + 20)
    #expect(verdict == .pass)
    // The row and the window begin anew.
    let afterwards = breaker.record(isFailure: true, wasProbe: false, nowMs: untilMs + 20)
    #expect(afterwards == nil)
  }

  @Test func failedProbesDoubleTheTimeUpToALimit() throws {
    var (breaker, untilMs) = try Self.opened()
    for dueMs: Int64 in [200, 400, 800, 1000, 1000, 1000] {
      let verdict = breaker.admit(nowMs: untilMs)
      #expect(verdict == .probe)
      let change = breaker.record(isFailure: true, wasProbe: true, nowMs: untilMs)
      guard case .opened(let nextMs) = change else { throw Unexpected(breaker.state) }
      #expect((dueMs * 3 / 4...dueMs).contains(nextMs - untilMs))
      untilMs = nextMs
    }
    _ = breaker.admit(nowMs: untilMs)
    _ = breaker.record(isFailure: false, wasProbe: true, nowMs: untilMs)
    for _ in 0..<3 { _ = breaker.record(isFailure: true, wasProbe: false, nowMs: untilMs) }
    guard case .open(let againMs) = breaker.state else { throw Unexpected(breaker.state) }
    #expect(againMs - untilMs <= 100, "once closed, it begins with the shortest time again")
  }

  @Test func onlyProbesCountWhileNotClosed() throws {
    var (breaker, untilMs) = try Self.opened()
    var changes = [breaker.record(isFailure: false, wasProbe: false, nowMs: 1)]
    changes.append(breaker.record(isFailure: true, wasProbe: false, nowMs: 1))
    changes.append(breaker.record(isFailure: false, wasProbe: true, nowMs: 1))
    #expect(breaker.state == .open(untilMs: untilMs))
    _ = breaker.admit(nowMs: untilMs)
    changes.append(breaker.record(isFailure: false, wasProbe: false, nowMs: untilMs))
    changes.append(breaker.record(isFailure: true, wasProbe: false, nowMs: untilMs))
    #expect(breaker.state == .probing(giveUpMs: untilMs + 5000))
    #expect(changes.allSatisfy { $0 == nil })
  }

  @Test func anAbandonedProbeGivesItsPlaceAway() throws {
    var (breaker, untilMs) = try Self.opened()
    breaker.abandonProbe()
    #expect(breaker.state == .open(untilMs: untilMs), "there was none")
    _ = breaker.admit(nowMs: untilMs)
    breaker.abandonProbe()
    #expect(breaker.state == .halfOpen)
    let verdict = breaker.admit(nowMs: untilMs)
    #expect(verdict == .probe)
  }

  @Test func aProbeWithoutResultIsGivenUpInTime() throws {
    var (breaker, untilMs) = try Self.opened()
    _ = breaker.admit(nowMs: untilMs)
    let verdict = breaker.admit(nowMs: untilMs + 5000)
    #expect(verdict == .probe)
    // The first one's answer is as good as any.
    let change = breaker.record(isFailure: false, wasProbe: true, nowMs: untilMs + 5001)
    #expect(change == .closed)
  }

  @Test func anAbandonedProbesLateResultCounts() throws {
    for isFailure in [false, true] {
      var (breaker, untilMs) = try Self.opened()
      _ = breaker.admit(nowMs: untilMs)
      breaker.abandonProbe()
      let change = breaker.record(isFailure: isFailure, wasProbe: true, nowMs: untilMs)
      #expect((change == .closed) == !isFailure)
    }
  }

  /// A destination that is down for a while, asked by many: few attempts reach it meanwhile, and
  /// it is in use again soon after.
  @Test func outageSimulation() {
    for seed in 0..<100 {
      var random = SplitMix64(seed: UInt64(seed))
      var breaker = Breaker(limits: Self.limits(inRow: 5), seed: UInt64(seed))
      let downMs = 1000..<Int64.random(in: 2000...20_000, using: &random)
      var wasted = 0
      var firstPassMs: Int64?
      for nowMs in Int64(0)..<25_000 {
        let isDown = downMs.contains(nowMs)
        let verdict = breaker.admit(nowMs: nowMs)
        if case .refuse(let untilMs) = verdict {
          #expect(untilMs > nowMs, "seed \(seed)")
          continue
        }
        if isDown { wasted += 1 }
        if verdict == .pass, nowMs >= downMs.upperBound { firstPassMs = firstPassMs ?? nowMs }
        _ = breaker.record(isFailure: isDown, wasProbe: verdict == .probe, nowMs: nowMs)
      }
      #expect(wasted <= 5 + 4 + 20_000 / 750, "seed \(seed)")
      #expect((firstPassMs ?? .max) - downMs.upperBound <= 1002, "seed \(seed)")
    }
  }
}
