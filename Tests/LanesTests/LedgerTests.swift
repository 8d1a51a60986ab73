// The ledger against a naive model, and its edges by hand.
import Model
import Testing

@testable import Lanes

/// A ledger behind a reference: an expectation cannot mutate a value.
private final class Probe {
  private var ledger: Ledger

  init(spanMax: Int = 1 << 20) { ledger = Ledger(spanMax: spanMax) }

  var frontier: Int64? { ledger.frontier }
  var pendingCount: Int { ledger.pendingCount }
  func canReceive(_ offset: Int64) -> Bool { ledger.canReceive(offset) }
  func receive(_ offset: Int64) { ledger.receive(offset) }
  @discardableResult
  func complete(_ offset: Int64) -> Bool { ledger.complete(offset) }
}

@Suite struct LedgerTests {
  @Test func frontierFollowsTheLowestPendingOffset() {
    let ledger = Probe()
    #expect(ledger.frontier == nil)
    for offset: Int64 in 1000...1003 { ledger.receive(offset) }
    #expect(ledger.frontier == 1000)
    #expect(ledger.complete(1001))
    #expect(ledger.frontier == 1000)
    #expect(ledger.complete(1000))
    #expect(ledger.frontier == 1002)
    #expect(ledger.complete(1003))
    #expect(ledger.complete(1002))
    #expect(ledger.frontier == 1004)
    #expect(ledger.pendingCount == 0)
  }

  @Test func offsetsThatNeverArriveCountAsDone() {
    let ledger = Probe()
    ledger.receive(5)
    ledger.receive(900)
    ledger.complete(5)
    #expect(ledger.frontier == 900)
    ledger.complete(900)
    #expect(ledger.frontier == 901)
  }

  @Test func lateAndRepeatedCompletionsChangeNothing() {
    let ledger = Probe()
    ledger.receive(10)
    ledger.receive(11)
    #expect(ledger.complete(10))
    #expect(!ledger.complete(10))
    #expect(!ledger.complete(9))
    #expect(!ledger.complete(12))
    #expect(ledger.frontier == 11)
  }

  @Test func spanIsBounded() {
    let ledger = Probe(spanMax: 64)
    ledger.receive(0)
    #expect(ledger.canReceive(63))
    #expect(!ledger.canReceive(64))
    #expect(!ledger.canReceive(0), "an offset is received once")
    ledger.complete(0)
    #expect(ledger.canReceive(1 << 40), "nothing pending: any gap is fine")
  }

  @Test(arguments: 0..<200)
  func agreesWithNaiveModel(seed: Int) {
    var random = SplitMix64(seed: UInt64(seed))
    let ledger = Probe(spanMax: 4096)
    var pending: [Int64] = []
    var next = Int64.random(in: 0...100_000, using: &random)
    for _ in 0..<600 {
      if Int.random(in: 0..<5, using: &random) < 3 {
        let isGap = Int.random(in: 0..<10, using: &random) == 0
        let gap = isGap ? Int64.random(in: 1...300, using: &random) : 0
        guard ledger.canReceive(next + gap) else { continue }
        next += gap
        ledger.receive(next)
        pending.append(next)
        next += 1
      } else if let index = pending.indices.randomElement(using: &random) {
        #expect(ledger.complete(pending.remove(at: index)))
      }
      guard ledger.frontier != nil else { continue }
      #expect(ledger.frontier == pending.min() ?? next, "seed \(seed)")
      #expect(ledger.pendingCount == pending.count, "seed \(seed)")
    }
  }
}
