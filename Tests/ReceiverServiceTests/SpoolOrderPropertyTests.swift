// Random histories of the spool's order, crashes included, against a Kafka and a disk that fail.

import Model
import Testing

@testable import ReceiverService

@Suite struct SpoolOrderPropertyTests {
  typealias Id = SpoolOrder.Id

  /// A world around the machine: what is in Kafka's log, on the disk, in flight, answered.
  struct World {
    var random: SplitMix64
    var order: SpoolOrder
    let limits: SpoolOrder.Limits
    var nowMs: Int64 = 0
    var nextId: Id = 1
    var laneOf: [Id: UInt64] = [:]
    var inKafka: [Id] = []
    /// What the file is asked for and has not done.
    var changes: [SpoolOrder.Action] = []
    var disk: Set<Id> = []
    var log: [Id] = []
    var answered: Set<Id> = []
    var refused: Set<Id> = []
    var outageUntilMs: Int64 = 0
    var isDiskBad = false

    init(seed: UInt64) {
      random = SplitMix64(seed: seed)
      limits = SpoolOrder.Limits(
        afterMs: 50, rowsMax: seed % 3 == 0 ? 6 : 1000, bytesMax: 100_000, drainInFlightMax: 3)
      order = SpoolOrder(limits: limits, sources: 1, nowMs: 0)
    }

    mutating func chance(_ one: UInt64, of all: UInt64) -> Bool { random.next() % all < one }

    mutating func run(_ actions: [SpoolOrder.Action]) {
      for action in actions {
        switch action {
        case .produce(let id): inKafka.append(id)
        case .store, .delete: changes.append(action)
        case .refuse(let id):
          #expect(!answered.contains(id), "told 2xx, then refused")
          refused.insert(id)
        }
      }
    }

    mutating func arrive() {
      let id = nextId
      nextId += 1
      let lane = random.next() % 4
      laneOf[id] = lane
      let action = order.arrived(
        id, lane: lane, isOrdered: lane != 0, source: 0, bytes: 10, nowMs: nowMs)
      run(action.map { [$0] } ?? [])
    }

    mutating func report() {
      guard let index = inKafka.indices.randomElement(using: &random) else { return }
      let id = inKafka.remove(at: index)
      let isStored = nowMs >= outageUntilMs && !chance(1, of: 10)
      if isStored {
        log.append(id)
        if !refused.contains(id) { answered.insert(id) }
      }
      run(order.delivered(id, isStored: isStored, nowMs: nowMs))
    }

    /// One transaction of the file's thread.
    mutating func commit() {
      let batch = changes
      changes = []
      for change in batch {
        switch change {
        case .store(let id) where isDiskBad: run(order.storeFailed(id, nowMs: nowMs))
        case .store(let id):
          disk.insert(id)
          if !refused.contains(id) { answered.insert(id) }
          run(order.stored(id))
        case .delete(let id): disk.remove(id)
        case .produce, .refuse: break
        }
      }
      for id in order.takeDrains(nowMs: nowMs) {
        #expect(disk.contains(id), "drained what is not on the disk")
        inKafka.append(id)
      }
    }

    /// kill -9: what is in memory is gone; some of what is in Kafka's hands arrives all the same.
    mutating func crash() {
      for id in inKafka.sorted() where chance(1, of: 2) && nowMs >= outageUntilMs {
        log.append(id)
      }
      (inKafka, changes) = ([], [])
      order = SpoolOrder(limits: limits, sources: 1, nowMs: nowMs)
      for id in disk.sorted() {
        order.load(id, lane: laneOf[id] ?? 0, isOrdered: laneOf[id] != 0, source: 0, bytes: 10)
      }
    }

    /// In flight: never two of one ordered lane.
    func checkFlight(_ seed: UInt64) {
      let lanes = inKafka.compactMap { laneOf[$0] }.filter { $0 != 0 }
      #expect(Set(lanes).count == lanes.count, "seed \(seed): two of a key in Kafka")
    }
  }

  @Test(arguments: 0..<300)
  func orderHoldsAndNothingThatWasAnsweredIsLost(number: Int) {
    let seed = UInt64(number)
    var world = World(seed: seed)
    for _ in 0..<600 {
      world.nowMs += Int64(world.random.next() % 10)
      switch world.random.next() % 100 {
      case 0..<35: world.arrive()
      case 35..<65: world.report()
      case 65..<85: world.commit()
      case 85..<95: world.run(world.order.elapsed(nowMs: world.nowMs))
      case 95..<97: world.outageUntilMs = world.nowMs + Int64(world.random.next() % 400)
      case 97: world.isDiskBad = world.chance(1, of: 2)
      case 98 where number % 2 == 0: world.crash()
      default: break
      }
      world.checkFlight(seed)
    }
    // The storm is over: everything must come to its end.
    world.isDiskBad = false
    world.outageUntilMs = 0
    for _ in 0..<20_000 where !world.order.isEmpty || !world.changes.isEmpty {
      world.nowMs += 20
      world.report()
      world.commit()
      world.run(world.order.elapsed(nowMs: world.nowMs))
    }
    #expect(world.order.isEmpty && world.order.rowCount == 0, "seed \(seed): not drained")
    #expect(world.disk.isEmpty, "seed \(seed)")
    #expect(world.order.byteCount == 0 && world.order.rowsBySource == [0], "seed \(seed)")
    let stored = Set(world.log)
    #expect(world.answered.isSubset(of: stored), "seed \(seed): answered and lost")
    // First occurrences only: after a crash an event may come again, with the same id.
    var seen: Set<Id> = []
    var last: [UInt64: Id] = [:]
    for id in world.log where seen.insert(id).inserted {
      guard let lane = world.laneOf[id], lane != 0 else { continue }
      #expect(last[lane, default: 0] < id, "seed \(seed): \(id) after \(last[lane] ?? 0)")
      last[lane] = id
    }
    #expect(!world.answered.isEmpty, "seed \(seed)")
  }
}
