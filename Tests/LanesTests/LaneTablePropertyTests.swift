// Random histories of the lane table: order per key, nothing lost, frontier never ahead of work.
import Model
import Testing

@testable import Lanes

@Suite struct LaneTablePropertyTests {
  struct Work: Sendable {
    let partition: Int
    let key: String?
    let offset: Int64
  }

  /// What a run did, checked as it goes.
  struct Run {
    var random: SplitMix64
    var table: LaneTable<Work>
    var nowMs: Int64 = 0
    var nextOffset: [Int64] = [0, 0, 0]
    var running: [(LaneTable<Work>.Ticket, Work, isBurial: Bool)] = []
    var unfinished: [Set<Int64>] = [[], [], []]
    var lastDone: [String: Int64] = [:]
    var doneCount = 0

    init(seed: Int) {
      random = SplitMix64(seed: UInt64(seed))
      table = LaneTable(
        limits: .init(inFlightMax: 6, windowRecordsMax: 40, windowBytesMax: 1000, attemptsMax: 3),
        backoff: Backoff(baseMs: 10, maxMs: 200, seed: UInt64(seed)))
      for partition in 0..<3 { table.assign(partition) }
    }
  }

  @Test(arguments: 0..<300)
  func historiesKeepOrderAndLoseNothing(seed: Int) {
    var run = Run(seed: seed)
    for _ in 0..<400 { step(&run, seed) }
    for _ in 0..<20_000 where run.table.windowRecords > 0 { step(&run, seed, isFeeding: false) }
    #expect(run.table.windowRecords == 0, "seed \(seed): not drained")
    #expect(run.doneCount == Int(run.nextOffset.reduce(0, +)), "seed \(seed)")
    #expect(run.table.laneCount == 0 && run.table.inFlight == 0, "seed \(seed)")
  }

  private func step(_ run: inout Run, _ seed: Int, isFeeding: Bool = true) {
    switch Int.random(in: 0..<4, using: &run.random) {
    case 0 where isFeeding && run.table.room > 0: feed(&run)
    case 1: start(&run, seed)
    case 2: finish(&run, seed)
    default: run.nowMs += Int64.random(in: 0...50, using: &run.random)
    }
    for partition in 0..<3 {
      guard let frontier = run.table.takeCommit(partition) else { continue }
      let lowest = run.unfinished[partition].min() ?? run.nextOffset[partition]
      #expect(frontier == lowest, "seed \(seed): frontier is the lowest unfinished offset")
    }
  }

  private func feed(_ run: inout Run) {
    let partition = Int.random(in: 0..<3, using: &run.random)
    let choice = Int.random(in: 0..<6, using: &run.random)
    let key = choice == 5 ? nil : "k\(choice)"
    let offset = run.nextOffset[partition]
    run.nextOffset[partition] += 1
    run.unfinished[partition].insert(offset)
    run.table.receive(
      partition: partition, offset: offset, key: key.map { Array($0.utf8) }, bytes: 5,
      item: Work(partition: partition, key: key, offset: offset))
  }

  private func start(_ run: inout Run, _ seed: Int) {
    guard let start = run.table.next(nowMs: run.nowMs) else { return }
    let entry: (LaneTable<Work>.Ticket, Work, isBurial: Bool)
    switch start {
    case .attempt(let ticket, let work, _): entry = (ticket, work, false)
    case .bury(let ticket, let work, _): entry = (ticket, work, true)
    }
    if let key = entry.1.key {
      let isOverlap = run.running.contains {
        $0.1.key == key && $0.1.partition == entry.1.partition
      }
      #expect(!isOverlap, "seed \(seed): two records of \(key) at one time")
    }
    run.running.append(entry)
    #expect(run.running.count <= 6, "seed \(seed)")
  }

  private func finish(_ run: inout Run, _ seed: Int) {
    guard let index = run.running.indices.randomElement(using: &run.random) else { return }
    let (ticket, work, isBurial) = run.running.remove(at: index)
    let isGood = Int.random(in: 0..<3, using: &run.random) > 0
    let verdict: LaneTable<Work>.Verdict
    if isBurial {
      verdict = run.table.buried(ticket, isAcknowledged: isGood, nowMs: run.nowMs)
    } else {
      let classes: [FailureClass] = [.transient, .throttled, .poison, .permanent]
      let failure = Failure(classes.randomElement(using: &run.random) ?? .bug, .write, "x")
      verdict = run.table.finish(ticket, isGood ? .written : .failed(failure), nowMs: run.nowMs)
    }
    guard verdict == .done else { return }
    run.doneCount += 1
    run.unfinished[work.partition].remove(work.offset)
    guard let key = work.key else { return }
    let lane = "\(work.partition)/\(key)"
    #expect(run.lastDone[lane, default: -1] < work.offset, "seed \(seed): \(lane) out of order")
    run.lastDone[lane] = work.offset
  }
}
