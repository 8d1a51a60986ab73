// What is remembered, for how long, and that an event whose first copy failed is never dropped.

import Model
import Testing

@testable import ReceiverService

@Suite struct RepeatMemoryTests {
  static func digest(_ number: Int) -> EventDigest { EventDigest(high: 7, low: UInt64(number)) }

  @Test func onlyWhatIsAcknowledgedIsDropped() {
    var memory = RepeatMemory(entriesMax: 10, ttlMs: 100)
    let first = memory.look(Self.digest(1), ticket: 1, nowMs: 0)
    let still = memory.look(Self.digest(1), ticket: 2, nowMs: 0)
    #expect(first == .new && still == .new, "to ask is not to remember")
    _ = memory.acknowledged(Self.digest(1), nowMs: 0)
    let known = memory.look(Self.digest(1), ticket: 3, nowMs: 99)
    let again = memory.look(Self.digest(1), ticket: 4, nowMs: 99)
    let other = memory.look(Self.digest(2), ticket: 5, nowMs: 99)
    #expect(known == .stored && again == .stored && other == .new)
    let late = memory.look(Self.digest(1), ticket: 6, nowMs: 100)
    #expect(late == .new && memory.count == 0)
  }

  @Test func anUndecidedOneAnswersForItsRepeats() {
    var memory = RepeatMemory(entriesMax: 10, ttlMs: 100)
    _ = memory.undecided(Self.digest(1), nowMs: 0)
    let waits = memory.look(Self.digest(1), ticket: 8, nowMs: 50)
    #expect(waits == .waiting)
    let released = memory.settled(Self.digest(1), isStored: true, keeps: false, nowMs: 60)
    #expect(released == [8])
    // The retry has had its answer: what comes now is another event that looks the same.
    let after = memory.look(Self.digest(1), ticket: 9, nowMs: 61)
    #expect(after == .new)
    _ = memory.undecided(Self.digest(2), nowMs: 0)
    let nobody = memory.settled(Self.digest(2), isStored: true, keeps: false, nowMs: 60)
    let once = memory.look(Self.digest(2), ticket: 1, nowMs: 61)
    let twice = memory.look(Self.digest(2), ticket: 2, nowMs: 61)
    #expect(nobody.isEmpty && once == .stored && twice == .new)
  }

  @Test func aFailedOneIsForgotten() {
    var memory = RepeatMemory(entriesMax: 10, ttlMs: 100)
    _ = memory.undecided(Self.digest(1), nowMs: 0)
    let waits = memory.look(Self.digest(1), ticket: 8, nowMs: 1)
    let released = memory.settled(Self.digest(1), isStored: false, keeps: true, nowMs: 2)
    let after = memory.look(Self.digest(1), ticket: 9, nowMs: 3)
    #expect(waits == .waiting && released == [8] && after == .new && memory.count == 0)
  }

  @Test func itIsBoundedAndNobodyWaitsForTheForgotten() {
    var memory = RepeatMemory(entriesMax: 3, ttlMs: 100)
    _ = memory.undecided(Self.digest(0), nowMs: 0)
    for ticket in 0..<RepeatMemory.waitersMax {
      let verdict = memory.look(Self.digest(0), ticket: UInt64(ticket), nowMs: 0)
      #expect(verdict == .waiting)
    }
    let busy = memory.look(Self.digest(0), ticket: 99, nowMs: 0)
    #expect(busy == .busy)
    var released: [UInt64] = []
    for number in 1...100 {
      released += memory.acknowledged(Self.digest(number), nowMs: 0)
      #expect(memory.count <= 3)
    }
    #expect(released.count == RepeatMemory.waitersMax)
    let last = memory.look(Self.digest(100), ticket: 0, nowMs: 0)
    let first = memory.look(Self.digest(97), ticket: 0, nowMs: 0)
    #expect(last == .stored && first == .new)
  }

  /// Against a naive model: what is dropped was stored; what was stored is dropped while there is
  /// room; every ticket that waits is released exactly once.
  @Test(arguments: 0..<200)
  func randomHistories(number: Int) {
    var random = SplitMix64(seed: UInt64(number))
    var memory = RepeatMemory(entriesMax: 4, ttlMs: 50)
    var stored: Set<Int> = []
    var undecided: Set<Int> = []
    var waiting: Set<UInt64> = []
    var nowMs: Int64 = 0
    func release(_ tickets: [UInt64]) {
      for ticket in tickets {
        #expect(waiting.remove(ticket) != nil, "seed \(number): released twice")
      }
    }
    for step in 0..<500 {
      nowMs += Int64(random.next() % 10)
      let event = Int(random.next() % 8)
      let digest = Self.digest(event)
      switch random.next() % 4 {
      case 0 where !undecided.contains(event):
        stored.insert(event)
        release(memory.acknowledged(digest, nowMs: nowMs))
      case 1 where !undecided.contains(event):
        undecided.insert(event)
        release(memory.undecided(digest, nowMs: nowMs))
      case 2 where undecided.contains(event):
        let isStored = random.next() % 2 == 0
        undecided.remove(event)
        if isStored { stored.insert(event) }
        release(memory.settled(digest, isStored: isStored, keeps: false, nowMs: nowMs))
      default:
        switch memory.look(digest, ticket: UInt64(step), nowMs: nowMs) {
        case .new: break
        case .stored: #expect(stored.contains(event), "seed \(number): dropped, never stored")
        case .waiting:
          #expect(undecided.contains(event), "seed \(number)")
          waiting.insert(UInt64(step))
        case .busy: #expect(undecided.contains(event), "seed \(number)")
        }
      }
      #expect(memory.count <= 4, "seed \(number)")
    }
    for event in undecided {
      release(
        memory.settled(Self.digest(event), isStored: false, keeps: false, nowMs: nowMs))
    }
    #expect(waiting.isEmpty, "seed \(number): somebody waits for ever")
  }

  private func digest(_ id: String, _ tenant: String?) -> EventDigest {
    var names = EventNames()
    Self.append(id, tenant, to: &names)
    return names.digests[0]
  }

  private static func append(_ id: String, _ tenant: String?, to names: inout EventNames) {
    Array(id.utf8).withUnsafeBytes { id in
      guard let tenant else { return names.append(id: id, tenant: nil) }
      Array(tenant.utf8).withUnsafeBytes { names.append(id: id, tenant: $0) }
    }
  }

  @Test func digestsTellTenantsAndIdsApart() {
    let all = [
      digest("a", "b"), digest("ab", "c"), digest("a", "bc"), digest("", "ab"), digest("ab", nil),
    ]
    #expect(Set(all).count == all.count)
    #expect(all[0] == digest("a", "b"))
    #expect(all[0].high != all[0].low)
  }

  @Test func namesOfOneRequestStayApart() {
    var names = EventNames()
    for round in 0..<3 {
      for number in 0..<10 {
        Self.append("event \(number) of \(round)", number % 2 == 0 ? "t" : nil, to: &names)
        #expect(EventDigest(names.last) == names.digests.last)
        // One that is stored already leaves no name.
        Self.append("stored", "t", to: &names)
        names.removeLast()
      }
      #expect(names.count == 10)
      #expect(names.digests[4] == digest("event 4 of \(round)", "t"))
      #expect(names.digests[5] == digest("event 5 of \(round)", nil))
      names.removeAll()
      #expect(names.count == 0)
    }
  }
}
