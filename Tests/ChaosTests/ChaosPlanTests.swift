// What a seed means, and what every plan keeps to.
import Sandbox
import Testing

@testable import Chaos

@Suite struct ChaosPlanTests {
  @Test func aPlanRepeatsWithItsSeed() {
    for seed in 1...5 as ClosedRange<UInt64> {
      #expect(ChaosPlan(seed: seed) == ChaosPlan(seed: seed))
      #expect(ChaosPlan(seed: seed).steps != ChaosPlan(seed: seed + 1).steps)
    }
  }

  @Test(arguments: 1...60 as ClosedRange<UInt64>)
  func everyPlanKeepsItsBounds(seed: UInt64) {
    let plan = ChaosPlan(seed: seed)
    #expect((200...400).contains(plan.recordCount))
    #expect((1100...2100).contains(plan.changes.count))
    var alive = Set(0..<plan.membersAtStart)
    var made: Set<Int> = []
    var emitted: Set<Int> = []
    var frozen: Set<Int> = []
    var kills = 0
    var freezes = 0
    var lastMs = Int64.min
    for step in plan.steps {
      #expect(step.atMs >= lastMs)
      lastMs = step.atMs
      switch step.action {
      case .change(let index): #expect(made.insert(index).inserted)
      case .emit(let index):
        emitted.insert(index)
        if case .change(let change) = plan.events[index].content {
          #expect(made.contains(change), "nobody tells of a change before it is made")
        }
      case .member(let slot, .join): #expect(alive.insert(slot).inserted)
      case .member(let slot, .freeze):
        #expect(alive.contains(slot) && frozen.insert(slot).inserted)
        freezes += 1
      case .member(let slot, .thaw): #expect(frozen.remove(slot) != nil)
      case .member(let slot, let action):
        #expect(alive.remove(slot) != nil && !frozen.contains(slot))
        if action == .kill { kills += 1 }
      case .api, .broker: continue
      }
    }
    #expect(made.count == plan.changes.count)
    #expect(emitted.count == plan.events.count)
    #expect(kills + freezes >= 1)
    #expect(!alive.isEmpty && frozen.isEmpty)
    #expect(Set(plan.events.map(\.id)).count == plan.events.count)
  }

  @Test func thePlansOfManySeedsHaveEverything() {
    let plans = (1...60).map { ChaosPlan(seed: $0) }
    let text = plans.map(\.summary).joined(separator: "\n")
    for name in [
      "429-storm", "as date", "-burst", "dropped", "refused", "latency", "401", "rates", "limit",
      "-errors", "-down", "-rtt", "leader-of", "freeze",
      "thaw", "kill",
      "leave", "join",
      "equal timestamps", "stale", "tokens for", "cooperative-sticky", "2 handles", "no parking",
    ] { #expect(text.contains(name), "\(name)") }
    let contents = plans.flatMap(\.events).map(\.content)
    #expect(contents.contains { $0 == .keyless })
    for prefix in ["neverExisted", "foreign", "undecodable"] {
      #expect(contents.contains { "\($0)".hasPrefix(prefix) }, "\(prefix)")
    }
  }

  @Test func staleAnswersAndEqualTimestampsNeverMeet() {
    var shape = ChaosPlan.Shape()
    shape.staleChance = 1
    shape.tokensChance = 1
    let plans = (1...40).map { ChaosPlan(seed: $0, shape: shape) }
    #expect(plans.allSatisfy { !$0.hasEqualTimestamps && $0.summary.contains("stale") })
    #expect(plans.allSatisfy { $0.tokenRequestsMax > 0 })
  }
}
