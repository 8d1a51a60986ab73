// A ledger over restarts: what travels in the commit's metadata, and what comes of it.
import Model
import Testing

@testable import Lanes

@Suite struct LedgerMapTests {
  @Test func nothingAboveTheFrontier() {
    var ledger = Ledger()
    #expect(ledger.completedMap() == nil)
    #expect(ledger.mapFill() == 0)
    for offset: Int64 in 10..<20 { ledger.receive(offset) }
    #expect(ledger.completedMap() == nil)
    for offset: Int64 in 10..<15 { ledger.complete(offset) }
    #expect(ledger.completedMap() == nil)
    #expect(ledger.highestCompleted == nil)
    for offset: Int64 in 15..<20 { ledger.complete(offset) }
    #expect(ledger.completedMap() == nil)
  }

  @Test func oneStuckRecordCostsFewCharacters() throws {
    var ledger = Ledger()
    for offset: Int64 in 1000...51_000 { ledger.receive(offset) }
    for offset: Int64 in 1001...51_000 { ledger.complete(offset) }
    #expect(ledger.highestCompleted == 51_000)
    let text = try #require(ledger.completedMap())
    #expect(text == "h1AAHQhgOTWUqE")
    #expect(ledger.mapFill() < 0.01)
  }

  @Test func restoredOffsetsAreDoneAtOnce() throws {
    let map = OffsetMap(frontier: 100, completed: [101..<103, 104..<105, 200..<300])
    var ledger = Ledger(restoring: map)
    #expect(ledger.frontier == nil)
    let pending: [Int64] = [100, 103, 105]
    for offset: Int64 in 100...105 {
      let reception = ledger.receive(offset)
      #expect(reception == (pending.contains(offset) ? .pending : .done))
    }
    #expect(ledger.pendingCount == 3)
    let isCompletedTwice = ledger.complete(101)
    #expect(!isCompletedTwice)
    // What was not met yet is still known, and goes into the next commit.
    let text = try #require(ledger.completedMap())
    #expect(OffsetMap(decoding: text, frontier: 100) == map)
    #expect(ledger.highestCompleted == 299)
    for offset in pending { ledger.complete(offset) }
    #expect(ledger.frontier == 106)
    ledger.receive(500)
    #expect(ledger.restored.isEmpty)
    #expect(ledger.completedMap() == nil, "nothing above 500 is known")
  }

  @Test func restoredOffsetsAloneMoveTheFrontier() {
    var ledger = Ledger(restoring: OffsetMap(frontier: 5, completed: [6..<9]))
    ledger.receive(5)
    ledger.complete(5)
    for offset: Int64 in 6..<9 {
      let reception = ledger.receive(offset)
      #expect(reception == .done)
      #expect(ledger.frontier == offset + 1)
    }
    #expect(ledger.pendingCount == 0)
  }

  @Test func readingFromBelowForgetsTheMap() {
    var ledger = Ledger(restoring: OffsetMap(frontier: 100, completed: [101..<200]))
    ledger.receive(50)
    for offset: Int64 in [100, 101, 150] {
      let reception = ledger.receive(offset)
      #expect(reception == .pending)
    }
  }

  /// Restored offsets far above the words that are there: their places must not wrap around.
  @Test func aLongRestoredRunKeepsThePlacesApart() {
    var ledger = Ledger(restoring: OffsetMap(frontier: 0, completed: [1..<5000]))
    ledger.receive(0)
    for offset: Int64 in 1..<5000 { ledger.receive(offset) }
    for offset: Int64 in 1..<5000 {
      let isCompleted = ledger.complete(offset)
      #expect(!isCompleted)
    }
    #expect(ledger.frontier == 0)
    #expect(ledger.pendingCount == 1)
  }

  @Test func fillRisesToOneAndFallsWhenHolesAreFilled() {
    var ledger = Ledger()
    for offset: Int64 in 0..<40_000 { ledger.receive(offset) }
    var last = 0.0
    for offset in stride(from: Int64(1), to: 40_000, by: 2) {
      ledger.complete(offset)
      guard offset % 1001 == 0 else { continue }
      #expect(ledger.mapFill() >= last)
      last = ledger.mapFill()
    }
    #expect(last == 1)
    #expect(ledger.completedMap()?.utf8.count == 4094)
    for offset in stride(from: Int64(2), to: 40_000, by: 2) { ledger.complete(offset) }
    #expect(ledger.mapFill() < 0.01)
  }

  /// Above one half the fill is exact; below it never says too little.
  @Test func fillAgreesWithTheText() {
    for seed in 0..<100 {
      var random = SplitMix64(seed: UInt64(seed))
      var ledger = Ledger()
      for offset: Int64 in 0..<Int64.random(in: 10...4000, using: &random) {
        ledger.receive(offset)
      }
      for offset: Int64 in 1..<4000 where random.chance(0.5) { ledger.complete(offset) }
      let limit = 400
      let fill = ledger.mapFill(charactersMax: limit)
      let length = ledger.completedMap(charactersMax: limit)?.utf8.count ?? 0
      let share = Double(length) / Double(limit)
      #expect(fill <= 1 && fill >= share, "seed \(seed)")
      if fill > 0.5, fill < 1 { #expect(fill == share, "seed \(seed)") }
    }
  }

  /// A partition's log is worked on by a row of owners, each of which starts from the last one's
  /// commit; its metadata is cut at random limits.
  @Test func agreesWithNaiveModelOverRestarts() {
    for seed in 0..<1000 {
      var life = PartitionLife(seed: seed)
      life.run()
    }
  }
}

/// One partition with the ledger under test and, beside it, plain sets.
private struct PartitionLife {
  private let seed: Int
  private var random: SplitMix64
  /// Offsets that exist, with gaps.
  private var log: [Int64] = []
  private var ledger = Ledger(spanMax: 4096)
  /// Index in the log of the next record.
  private var cursor = 0
  /// In rising order.
  private var pending: [Int64] = []
  /// Completed by whomsoever, for the question of truth.
  private var everDone: Set<Int64> = []
  /// What this owner knows to be done, by its own work or from the metadata.
  private var known: Set<Int64> = []
  /// What the metadata said when this owner began.
  private var claimed: Set<Int64> = []

  init(seed: Int) {
    self.seed = seed
    random = SplitMix64(seed: UInt64(seed))
    let gapChance = Double.random(in: 0...0.3, using: &random)
    var offset = Int64.random(in: 0...100_000, using: &random)
    for _ in 0..<150 {
      if random.chance(gapChance) { offset += Int64.random(in: 1...90, using: &random) }
      log.append(offset)
      offset += 1
    }
  }

  mutating func run() {
    for _ in 0..<250 {
      switch Int.random(in: 0..<100, using: &random) {
      case 0..<50: receive()
      case 50..<97: complete()
      default: restart()
      }
    }
    restart()
    while cursor < log.count { receive() }
    for index in pending.indices.reversed() { complete(at: index) }
    expect(everDone == Set(log), "lost")
  }

  /// An expectation that costs nothing while it holds.
  private func expect(_ holds: Bool, _ what: String) {
    if !holds { Issue.record("seed \(seed): \(what)") }
  }

  private mutating func receive() {
    guard cursor < log.count, ledger.canReceive(log[cursor]) else { return complete() }
    let offset = log[cursor]
    cursor += 1
    let reception = ledger.receive(offset)
    expect(reception == (claimed.contains(offset) ? .done : .pending), "reception of \(offset)")
    if reception == .pending { pending.append(offset) }
    check()
  }

  private mutating func complete() {
    if let index = pending.indices.randomElement(using: &random) { complete(at: index) }
  }

  private mutating func complete(at index: Int) {
    let offset = pending.remove(at: index)
    let isFirst = ledger.complete(offset)
    let isSecond = ledger.complete(offset)
    expect(isFirst && !isSecond, "completion of \(offset)")
    known.insert(offset)
    everDone.insert(offset)
    check()
  }

  private func check() {
    expect(ledger.pendingCount == pending.count, "pending")
    expect(ledger.frontier == pending.first ?? (log[cursor - 1] + 1), "frontier")
  }

  /// Commits and lets the next owner start from that.
  private mutating func restart() {
    guard let frontier = ledger.frontier else { return }
    let isCut = Bool.random(using: &random)
    let limit = isCut ? Int.random(in: 0...60, using: &random) : 4096
    let text = ledger.completedMap(charactersMax: limit) ?? ""
    expect(text.utf8.count <= limit, "length")
    let map = OffsetMap(decoding: text, frontier: frontier)
    expect((map == nil) == text.isEmpty, "own text not understood")
    cursor = log.firstIndex { $0 >= frontier } ?? log.count
    claimed = existing(in: map?.completed ?? [])
    expect(claimed.isSubset(of: everDone), "claims what is not done")
    let last = isCut ? claimed.max() ?? -1 : .max
    expect(known.filter { $0 >= frontier && $0 <= last } == claimed, "not the lowest part")
    ledger = map.map { Ledger(restoring: $0, spanMax: 4096) } ?? Ledger(spanMax: 4096)
    known = claimed
    pending = []
  }

  private func existing(in ranges: [Range<Int64>]) -> Set<Int64> {
    var found: Set<Int64> = []
    var index = cursor
    for range in ranges {
      while index < log.count, log[index] < range.upperBound {
        if log[index] >= range.lowerBound { found.insert(log[index]) }
        index += 1
      }
    }
    return found
  }
}
