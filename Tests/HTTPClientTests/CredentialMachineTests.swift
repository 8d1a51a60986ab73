// The life of a token, edge by edge, and under random schedules.

import HTTPClient
import Model
import Testing

@Suite struct CredentialMachineTests {
  private typealias Machine = CredentialMachine

  private static let passing = TokenRefusal(
    Failure(.transient, .enrich, "down"), isPermanent: false)
  private static let final = TokenRefusal(Failure(.auth, .enrich, "no"), isPermanent: true)

  /// With token `t1` of an hour, obtained at 0.
  private func valid() -> CredentialMachine {
    var machine = Machine(seed: 1)
    #expect(machine.authorize(0, nowMs: 0) == (.wait, true))
    #expect(machine.tokenAnswered("t1", lifetimeMs: 3_600_000, nowMs: 0) == ([0], 1))
    return machine
  }

  @Test func manyWaitForOneRequest() {
    var machine = Machine(seed: 1)
    #expect(machine.authorize(1, nowMs: 0) == (.wait, true))
    #expect(machine.authorize(2, nowMs: 5) == (.wait, false))
    #expect(machine.authorize(3, nowMs: 6) == (.wait, false))
    machine.withdraw(2)
    #expect(machine.isFetching)
    #expect(machine.tokenAnswered("t1", lifetimeMs: 3_600_000, nowMs: 10) == ([1, 3], 1))
    #expect(machine.authorize(4, nowMs: 11) == (.ready(token: "t1", generation: 1), false))
  }

  @Test func waitersAreBounded() {
    var limits = Machine.Limits()
    limits.waitersMax = 1
    var machine = Machine(limits, seed: 1)
    _ = machine.authorize(1, nowMs: 0)
    guard case .fail(let failure) = machine.authorize(2, nowMs: 0).decision else {
      Issue.record("a second one waits")
      return
    }
    #expect(failure.failureClass == .throttled)
    #expect(machine.waiterCount == 1)
  }

  @Test func theOldTokenServesWhileItIsRenewed() {
    var machine = valid()
    #expect(machine.authorize(1, nowMs: 3_100_000).startsTokenRequest == false)
    #expect(machine.authorize(1, nowMs: 3_300_000) == (.ready(token: "t1", generation: 1), true))
    #expect(machine.authorize(2, nowMs: 3_300_001) == (.ready(token: "t1", generation: 1), false))
    #expect(machine.tokenAnswered("t2", lifetimeMs: 60_000, nowMs: 3_300_100) == ([], 2))
    #expect(machine.authorize(3, nowMs: 3_300_101) == (.ready(token: "t2", generation: 2), false))
  }

  @Test func renewalsOfManyProcessesAreSpread() {
    let starts = (0..<20 as Range<UInt64>).map { seed -> Int64 in
      var machine = Machine(seed: seed)
      _ = machine.authorize(0, nowMs: 0)
      _ = machine.tokenAnswered("t", lifetimeMs: 3_600_000, nowMs: 0)
      return stride(from: 3_000_000 as Int64, to: 3_600_000, by: 1000).first {
        machine.authorize(0, nowMs: $0).startsTokenRequest
      } ?? 0
    }
    #expect(Set(starts).count > 10)
    #expect(starts.allSatisfy { (3_150_000...3_301_000).contains($0) })
  }

  @Test func aTokenThatEndedIsNotUsed() {
    var machine = valid()
    #expect(machine.authorize(1, nowMs: 3_595_000) == (.wait, true))
    var renewing = valid()
    #expect(renewing.authorize(1, nowMs: 3_590_000).startsTokenRequest)
    #expect(renewing.authorize(2, nowMs: 3_595_000) == (.wait, false))
    #expect(renewing.tokenAnswered("t2", lifetimeMs: 60_000, nowMs: 3_595_001).waiters == [2])
  }

  @Test func aFailedRenewalKeepsTheOldTokenAndWaits() {
    var machine = valid()
    #expect(machine.authorize(1, nowMs: 3_300_000).startsTokenRequest)
    #expect(machine.tokenRefused(Self.passing, nowMs: 3_300_100).waiters == [])
    #expect(machine.authorize(2, nowMs: 3_300_101) == (.ready(token: "t1", generation: 1), false))
    #expect(machine.authorize(2, nowMs: 3_301_200) == (.ready(token: "t1", generation: 1), true))
  }

  @Test func aTokenThatEndedDuringTheWaitFailsWithoutARequest() {
    var machine = valid()
    #expect(machine.authorize(1, nowMs: 3_594_000).startsTokenRequest)
    _ = machine.tokenRefused(Self.final, nowMs: 3_594_001)
    guard case (.fail(let failure), false) = machine.authorize(2, nowMs: 3_595_001) else {
      Issue.record("not failed")
      return
    }
    #expect(failure.failureClass == .auth)
    #expect(machine.authorize(3, nowMs: 3_594_001 + 60_000) == (.wait, true))
  }

  @Test func failuresBackOffAndTheFirstTokenEndsThat() {
    var machine = Machine(seed: 3)
    var nowMs: Int64 = 0
    var waits: [Int64] = []
    for _ in 0..<10 {
      #expect(machine.authorize(1, nowMs: nowMs) == (.wait, true))
      let ended = machine.tokenRefused(Self.passing, nowMs: nowMs)
      #expect(ended.waiters == [1])
      let waitMs = ended.failure.retryAfterMs ?? 0
      guard case (.fail, false) = machine.authorize(2, nowMs: nowMs + waitMs - 1) else {
        Issue.record("asked before its time")
        return
      }
      waits.append(waitMs)
      nowMs += waitMs
    }
    #expect(waits[0] <= 1000 && waits[1] <= 2000 && waits[9] >= 30_000 && waits[9] <= 60_000)
    #expect(machine.authorize(1, nowMs: nowMs).startsTokenRequest)
    _ = machine.tokenAnswered("t", lifetimeMs: 1000, nowMs: nowMs)
    #expect(machine.authorize(1, nowMs: nowMs + 1000) == (.wait, true))
    #expect(machine.tokenRefused(Self.passing, nowMs: nowMs).failure.retryAfterMs ?? 0 <= 1000)
  }

  @Test func retryAfterOfTheTokenEndPointIsKept() {
    var machine = Machine(seed: 1)
    _ = machine.authorize(1, nowMs: 0)
    let refusal = TokenRefusal(
      Failure(.throttled, .enrich, "429", retryAfterMs: 90_000), isPermanent: false)
    #expect(machine.tokenRefused(refusal, nowMs: 0).failure.retryAfterMs == 90_000)
    #expect(machine.authorize(1, nowMs: 89_999).startsTokenRequest == false)
    #expect(machine.authorize(1, nowMs: 90_000).startsTokenRequest)
  }

  @Test func a401OfAnOldTokenStartsNothing() {
    var machine = valid()
    #expect(machine.refused(generation: 1, nowMs: 100_000) == (.again, true))
    #expect(machine.refused(generation: 1, nowMs: 100_001) == (.again, false))
    #expect(machine.authorize(1, nowMs: 100_002) == (.wait, false))
    _ = machine.tokenAnswered("t2", lifetimeMs: 3_600_000, nowMs: 100_100)
    #expect(machine.refused(generation: 1, nowMs: 200_000) == (.again, false))
    #expect(machine.authorize(2, nowMs: 200_001) == (.ready(token: "t2", generation: 2), false))
  }

  @Test func a401OfAFreshTokenFails() {
    var machine = valid()
    #expect(machine.refused(generation: 1, nowMs: 59_999) == (.fail, false))
    #expect(machine.refused(generation: 1, nowMs: 60_000) == (.again, true))
  }

  @Test func a401DuringTheRenewalEndsTheOldToken() {
    var machine = valid()
    #expect(machine.authorize(1, nowMs: 3_300_000).startsTokenRequest)
    #expect(machine.refused(generation: 1, nowMs: 3_300_001) == (.again, false))
    #expect(machine.authorize(2, nowMs: 3_300_002) == (.wait, false))
  }

  /// Random times, ends, refusals and 401s: one request at a time, no token after its end, and
  /// everybody who waited is told.
  @Test(arguments: 0..<300 as Range<UInt64>) func underRandomSchedules(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var limits = Machine.Limits()
    limits.waitersMax = 8
    var machine = Machine(limits, seed: seed)
    var nowMs: Int64 = 0
    var isUnderWay = false
    var ends: [UInt64: Int64] = [:]
    var waiting: Set<UInt64> = []
    var generation: UInt64 = 0
    for waiter in 0..<400 as Range<UInt64> {
      nowMs += [0, 1, 500, 20_000, 400_000][Int.random(in: 0..<5, using: &random)]
      var starts = false
      switch Int.random(in: 0..<6, using: &random) {
      case 0...2:
        let answer = machine.authorize(waiter, nowMs: nowMs)
        starts = answer.startsTokenRequest
        switch answer.decision {
        case .ready(_, let generation):
          #expect(nowMs < ends[generation] ?? 0, "used after its end, seed \(seed)")
        case .wait: waiting.insert(waiter)
        case .fail(let failure): #expect((failure.retryAfterMs ?? 0) > 0, "seed \(seed)")
        }
      case 3 where generation > 0:
        let old = UInt64.random(in: 1...generation, using: &random)
        let answer = machine.refused(generation: old, nowMs: nowMs)
        starts = answer.startsTokenRequest
        if old != generation { #expect(!starts, "an old token's 401, seed \(seed)") }
      case 4 where isUnderWay:
        let lifetimeMs = Int64.random(in: 1...2_000_000, using: &random)
        let answer = machine.tokenAnswered("t", lifetimeMs: lifetimeMs, nowMs: nowMs)
        generation = answer.generation
        ends[generation] = nowMs + lifetimeMs
        #expect(Set(answer.waiters) == waiting, "seed \(seed)")
        (waiting, isUnderWay) = ([], false)
      case 5 where isUnderWay:
        let refusal = random.chance(0.3) ? Self.final : Self.passing
        #expect(Set(machine.tokenRefused(refusal, nowMs: nowMs).waiters) == waiting, "\(seed)")
        (waiting, isUnderWay) = ([], false)
      default: break
      }
      if starts {
        #expect(!isUnderWay, "two token requests at once, seed \(seed)")
        isUnderWay = true
      }
      #expect(machine.isFetching == isUnderWay, "seed \(seed)")
      #expect(waiting.isEmpty || isUnderWay, "waits for nothing, seed \(seed)")
    }
  }
}
