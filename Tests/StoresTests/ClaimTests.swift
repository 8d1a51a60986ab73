// Claims: granted, fenced, taken over, found after a restart; against a model that is too simple to
// be wrong.

import Model
import Stores
import Testing

@Suite struct ClaimTests {
  private let key = ClaimKey(sink: "crm-b", idempotencyKey: "k1")

  private func claim(
    _ store: any RecordStore, _ owner: String, at nowMs: Int64
  ) throws -> ClaimAnswer {
    try store.claim(key, owner: owner, leaseUntilMs: nowMs + 100, nowMs: nowMs)
  }

  private func granted(_ answer: ClaimAnswer) throws -> Claim {
    guard case .granted(let claim, _) = answer else {
      throw StoreError(.bug, "not granted: \(answer)")
    }
    return claim
  }

  @Test(arguments: Backend.allCases) func oneWayThrough(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let first = try claim(rig.store, "a", at: 1000)
    let mine = try granted(first)
    #expect(first == .granted(mine, before: .nothing))
    #expect(mine.epoch == 1 && mine.owner == "a" && mine.key == key)
    #expect(try claim(rig.store, "b", at: 1050) == .held(untilMs: 1100))
    #expect(try rig.store.markSent(mine, leaseUntilMs: 1300, nowMs: 1060) == .taken)
    #expect(try claim(rig.store, "b", at: 1200) == .held(untilMs: 1300))
    #expect(try rig.store.markDone(mine, nowMs: 1250) == .taken)
    #expect(try rig.store.markDone(mine, nowMs: 1260) == .taken, "asked again")
    #expect(try rig.store.release(mine, nowMs: 1270) == .stale)
    #expect(try claim(rig.store, "b", at: 9000) == .done(atMs: 1250))
    rig.store.close()
    #expect(try claim(try rig.openStore(), "c", at: 9001) == .done(atMs: 1250))
    let other = ClaimKey(sink: "crm-c", idempotencyKey: "k1")
    let answer = try rig.openStore().claim(other, owner: "b", leaseUntilMs: 0, nowMs: 0)
    #expect(try granted(answer).epoch == 1, "another sink is another request")
  }

  @Test(arguments: Backend.allCases) func aLostOwnerIsFenced(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let lost = try granted(try claim(rig.store, "a", at: 1000))
    let second = try claim(rig.store, "b", at: 1100)
    #expect(second == .granted(try granted(second), before: .claimed), "the lease has run out")
    let taker = try granted(second)
    #expect(taker.epoch == 2)
    #expect(try rig.store.markSent(lost, leaseUntilMs: 9999, nowMs: 1101) == .stale)
    #expect(try rig.store.markDone(lost, nowMs: 1101) == .stale)
    #expect(try rig.store.release(lost, nowMs: 1101) == .stale)
    #expect(try rig.store.markSent(taker, leaseUntilMs: 1200, nowMs: 1102) == .taken)
    let third = try claim(rig.store, "a", at: 1200)
    #expect(third == .granted(try granted(third), before: .sent), "look before writing")
    let fourth = try claim(rig.store, "c", at: 1300)
    #expect(fourth == .granted(try granted(fourth), before: .sent), "and so does the next one")
    #expect(try rig.store.release(try granted(fourth), nowMs: 1301) == .taken)
    let fifth = try claim(rig.store, "a", at: 1302)
    #expect(fifth == .granted(try granted(fifth), before: .nothing))
    #expect(try granted(fifth).epoch == 5, "a release does not begin anew")
  }

  @Test(arguments: Backend.allCases) func anOwnerMayAskAgain(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let first = try granted(try claim(rig.store, "a", at: 1000))
    let again = try claim(rig.store, "a", at: 1001)
    #expect(again == .granted(try granted(again), before: .claimed))
    #expect(try rig.store.markDone(first, nowMs: 1002) == .stale)
  }

  @Test(arguments: Backend.allCases) func stepsOfOneCallSeeEachOther(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let other = ClaimKey(sink: "crm-b", idempotencyKey: "k2")
    let answers = try rig.store.take(
      [
        .claim(key, owner: "a", leaseUntilMs: 50), .claim(key, owner: "b", leaseUntilMs: 50),
        .claim(other, owner: "b", leaseUntilMs: 50),
      ], nowMs: 10)
    let (mine, theirs) = (try granted(answers[0]), try granted(answers[2]))
    #expect(answers[1] == .held(untilMs: 50))
    #expect(
      try rig.store.take(
        [.markDone(mine), .markSent(theirs, leaseUntilMs: 60), .release(mine)], nowMs: 20)
        == [.taken, .taken, .stale])
  }

  /// Three owners, each with a connection of its own and a memory of its last claim, at a clock
  /// that goes forward by chance.
  @Test(arguments: Backend.allCases, 1...25 as ClosedRange<UInt64>)
  func randomSteps(_ backend: Backend, _ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let rig = try StoreRig(backend)
    let stores = [rig.store, try rig.openStore(), try rig.openStore()]
    var model = NaiveClaims()
    var held: [String: Claim] = [:]
    var nowMs: Int64 = 1000
    for _ in 0..<80 {
      nowMs += Int64.random(in: 0...40, using: &random)
      let number = Int.random(in: 0..<3, using: &random)
      let (owner, name) = ("o\(number)", "k\(Int.random(in: 0..<3, using: &random))")
      let untilMs = nowMs + Int64.random(in: 1...90, using: &random)
      let mine = held["\(owner) \(name)"]
      let step: ClaimStep
      switch (Int.random(in: 0..<8, using: &random), mine) {
      case (3...4, let claim?): step = .markSent(claim, leaseUntilMs: untilMs)
      case (5, let claim?): step = .markDone(claim)
      case (6...7, let claim?): step = .release(claim)
      default:
        step = .claim(
          ClaimKey(sink: "s", idempotencyKey: name), owner: owner, leaseUntilMs: untilMs)
      }
      let answer = try stores[number].take([step], nowMs: nowMs).first
      #expect(answer == model.take(step, name, nowMs), "\(backend), seed \(seed), \(step)")
      if case .granted(let claim, _)? = answer { held["\(owner) \(name)"] = claim }
    }
  }

  /// Two owners ask for the same rows at the same moment: each row has one owner.
  @Test(arguments: Backend.allCases) func raceForTheSameRows(_ backend: Backend) async throws {
    let rig = try StoreRig(backend)
    let place = rig.place
    let wins = try await withThrowingTaskGroup(of: Set<String>.self) { group in
      for owner in ["a", "b"] {
        group.addTask {
          let store = try StoreRig.openStore(at: place)
          var wins: Set<String> = []
          for first in stride(from: 0, to: 200, by: 5) {
            // In opposite orders, which must not end in a deadlock.
            let names = (first..<first + 5).map { "k\($0)" }
            let steps = (owner == "a" ? names : names.reversed()).map {
              ClaimStep.claim(
                ClaimKey(sink: "s", idempotencyKey: $0), owner: owner, leaseUntilMs: .max)
            }
            for case .granted(let claim, _) in try store.take(steps, nowMs: 1) {
              wins.insert(claim.key.idempotencyKey)
            }
          }
          return wins
        }
      }
      return try await group.reduce(into: [Set<String>]()) { $0.append($1) }
    }
    #expect(wins[0].isDisjoint(with: wins[1]))
    #expect(wins[0].union(wins[1]).count == 200)
  }
}

/// The rules of claims over a dictionary.
private struct NaiveClaims {
  private struct Entry {
    var owner: String
    var epoch: Int64
    var untilMs: Int64
    var isSent = false
    var isFree = false
    var doneAtMs: Int64?
  }

  private var entries: [String: Entry] = [:]

  mutating func take(_ step: ClaimStep, _ name: String, _ nowMs: Int64) -> ClaimAnswer {
    switch step {
    case .claim(let key, let owner, let untilMs):
      let old = entries[name]
      if let doneAtMs = old?.doneAtMs { return .done(atMs: doneAtMs) }
      if let old, !old.isFree, old.owner != owner, old.untilMs > nowMs {
        return .held(untilMs: old.untilMs)
      }
      let isSent = old.map { $0.isSent && !$0.isFree } ?? false
      let epoch = (old?.epoch ?? 0) + 1
      entries[name] = Entry(owner: owner, epoch: epoch, untilMs: untilMs, isSent: isSent)
      let before: ClaimAnswer.Before =
        isSent ? .sent : old == nil || old?.isFree == true ? .nothing : .claimed
      return .granted(Claim(key: key, owner: owner, epoch: epoch), before: before)
    case .markSent(let claim, let untilMs):
      guard isOf(claim, name), entries[name]?.doneAtMs == nil, entries[name]?.isFree == false
      else { return .stale }
      entries[name]?.isSent = true
      entries[name]?.untilMs = untilMs
    case .markDone(let claim):
      guard isOf(claim, name), entries[name]?.isFree == false else { return .stale }
      let doneAtMs = entries[name]?.doneAtMs ?? nowMs
      entries[name]?.doneAtMs = doneAtMs
    case .release(let claim):
      guard isOf(claim, name), entries[name]?.doneAtMs == nil else { return .stale }
      entries[name]?.isFree = true
    }
    return .taken
  }

  private func isOf(_ claim: Claim, _ name: String) -> Bool {
    entries[name]?.owner == claim.owner && entries[name]?.epoch == claim.epoch
  }
}
