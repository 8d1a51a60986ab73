// Which way each event goes, case by case, and random histories against what must always hold.

import Model
import Testing

@testable import ReceiverService

@Suite struct SpoolOrderTests {
  typealias Id = SpoolOrder.Id
  typealias Action = SpoolOrder.Action

  static func order(rowsMax: Int = 100, bytesMax: Int = 1_000_000) -> SpoolOrder {
    SpoolOrder(
      limits: SpoolOrder.Limits(afterMs: 100, rowsMax: rowsMax, bytesMax: bytesMax), sources: 1,
      nowMs: 0)
  }

  @Test func oneOfAKeyAtATimeAndOthersBesideIt() {
    var order = Self.order()
    let first = order.arrived(1, lane: 1, isOrdered: true, source: 0, bytes: 10, nowMs: 0)
    let behind = order.arrived(2, lane: 1, isOrdered: true, source: 0, bytes: 10, nowMs: 0)
    let other = order.arrived(3, lane: 2, isOrdered: true, source: 0, bytes: 10, nowMs: 0)
    #expect(first == .produce(1) && behind == nil && other == .produce(3))
    let next = order.delivered(1, isStored: true, nowMs: 5)
    #expect(next == [.produce(2)])
    let last = order.delivered(2, isStored: true, nowMs: 5)
    let end = order.delivered(3, isStored: true, nowMs: 5)
    #expect(last == [] && end == [] && order.isEmpty)
  }

  @Test func withoutAKeyThereIsNoOrderToKeepInKafka() {
    var order = Self.order()
    for id in 1...3 {
      let action = order.arrived(
        Id(id), lane: 9, isOrdered: false, source: 0, bytes: 1, nowMs: 0)
      #expect(action == .produce(Id(id)))
    }
  }

  /// The trap: the first of a key fails while the second could still come through.
  @Test func whatFailsTakesThoseBehindItAlong() {
    var order = Self.order()
    _ = order.arrived(1, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    _ = order.arrived(2, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    let failed = order.delivered(1, isStored: false, nowMs: 10)
    #expect(failed == [.store(1), .store(2)])
    let later = order.arrived(3, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 10)
    #expect(later == .store(3))
    #expect(!order.isAway)
    // Another key is not concerned.
    let other = order.arrived(4, lane: 2, isOrdered: true, source: 0, bytes: 1, nowMs: 10)
    #expect(other == .produce(4))
    // Nothing drains before it is written.
    let none = order.takeDrains(nowMs: 10_000)
    #expect(none.isEmpty)
    for id in [1, 2, 3] { _ = order.stored(Id(id)) }
    let early = order.takeDrains(nowMs: 20)
    #expect(early.isEmpty, "a key that was refused rests")
    var drained: [Id] = []
    for step in 0..<3 {
      _ = order.elapsed(nowMs: 10_000)
      let taken = order.takeDrains(nowMs: 10_000)
      #expect(taken.count == 1)
      drained += taken
      let actions = order.delivered(taken[0], isStored: true, nowMs: 10_000)
      #expect(actions == [.delete(taken[0])], "\(step)")
    }
    #expect(drained == [1, 2, 3])
    let again = order.arrived(5, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 10_000)
    #expect(again == .produce(5))
  }

  @Test func whatKafkaKeepsTooLongGetsARowAndOthersGoToTheDisk() {
    var order = Self.order()
    _ = order.arrived(1, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    _ = order.arrived(2, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 50)
    let early = order.elapsed(nowMs: 99)
    #expect(early == [])
    let due = order.elapsed(nowMs: 100)
    #expect(due == [.store(1), .store(2)])
    #expect(order.isAway)
    let straight = order.arrived(3, lane: 3, isOrdered: true, source: 0, bytes: 1, nowMs: 100)
    #expect(straight == .store(3))
    for id in [1, 2, 3] { _ = order.stored(Id(id)) }
    // 1 is in Kafka still: 2 must wait for its end; 3 is the one that tries.
    let probe = order.takeDrains(nowMs: 100)
    #expect(probe == [3])
    let stored = order.delivered(1, isStored: true, nowMs: 150)
    #expect(stored == [.delete(1)])
    #expect(!order.isAway)
    let next = order.takeDrains(nowMs: 150)
    #expect(next == [2])
  }

  @Test func whileAwayOneAtATimeTries() {
    var order = Self.order()
    for id in 1...5 {
      order.load(Id(id), lane: UInt64(id), isOrdered: true, source: 0, bytes: 10)
    }
    let all = order.takeDrains(nowMs: 0)
    #expect(all.count == 5)
    for id in all { _ = order.delivered(id, isStored: false, nowMs: 200) }
    #expect(order.isAway)
    let soon = order.takeDrains(nowMs: 201)
    #expect(soon.isEmpty)
    let probe = order.takeDrains(nowMs: 5000)
    #expect(probe.count == 1)
    let second = order.takeDrains(nowMs: 5000)
    #expect(second.isEmpty)
    let back = order.delivered(probe[0], isStored: true, nowMs: 5001)
    #expect(back == [.delete(probe[0])])
    let rest = order.takeDrains(nowMs: 5001)
    #expect(rest.count == 4)
  }

  @Test func whenItIsFullTheSenderHears() {
    var order = Self.order(rowsMax: 2)
    for id in 1...2 {
      order.load(Id(id), lane: 1, isOrdered: true, source: 0, bytes: 10)
    }
    #expect(!order.hasRoom)
    let behind = order.arrived(3, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    #expect(behind == .refuse(3))
    // Other keys go on to Kafka; what fails there has nowhere to go, and those behind it go on.
    let live = order.arrived(4, lane: 2, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    _ = order.arrived(5, lane: 2, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    #expect(live == .produce(4))
    let failed = order.delivered(4, isStored: false, nowMs: 10)
    #expect(failed == [.refuse(4), .produce(5)])
    var bytes = Self.order(bytesMax: 10)
    bytes.load(1, lane: 1, isOrdered: true, source: 0, bytes: 10)
    #expect(!bytes.hasRoom)
  }

  @Test func aDiskThatFailsLeavesEventsToKafka() {
    var order = Self.order()
    _ = order.arrived(1, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    _ = order.arrived(2, lane: 1, isOrdered: true, source: 0, bytes: 1, nowMs: 0)
    _ = order.elapsed(nowMs: 100)
    let first = order.storeFailed(1, nowMs: 101)
    let second = order.storeFailed(2, nowMs: 101)
    #expect(first == [] && second == [.refuse(2)])
    let end = order.delivered(1, isStored: true, nowMs: 102)
    #expect(end == [] && order.isEmpty && !order.isAway && order.rowCount == 0)
  }

  @Test func anEventThatKafkaNeverTakesHoldsUpItsOwnKeyOnly() {
    var order = Self.order()
    order.load(1, lane: 1, isOrdered: true, source: 0, bytes: 1)
    order.load(2, lane: 2, isOrdered: true, source: 0, bytes: 1)
    var nowMs: Int64 = 0
    var tries = 0
    var others = 0
    for id in 3..<200 {
      nowMs += 20
      let live = order.arrived(Id(id), lane: 3, isOrdered: true, source: 0, bytes: 1, nowMs: nowMs)
      #expect(live == .produce(Id(id)))
      _ = order.delivered(Id(id), isStored: true, nowMs: nowMs)
      _ = order.elapsed(nowMs: nowMs)
      for drain in order.takeDrains(nowMs: nowMs) {
        if drain == 1 { tries += 1 } else { others += 1 }
        _ = order.delivered(drain, isStored: drain != 1, nowMs: nowMs)
      }
    }
    #expect(others == 1 && (3...8).contains(tries), "\(tries) tries in 4 s")
  }
}
