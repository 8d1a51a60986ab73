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

  /// What is under way.
  struct Running {
    enum Kind { case attempt, burial, parking }
    let ticket: LaneTable.Ticket
    let works: [Work]
    let kind: Kind
  }

  /// Two partitions of events, of which the first has a retry partition (2), checked as it goes.
  struct Run: ~Copyable {
    var random: SplitMix64
    var table: LaneTable
    var nowMs: Int64 = 0
    var nextOffset: [Int64] = [0, 0, 0]
    var works: [Int: Work] = [:]
    var running: [Running] = []
    var unfinished: [Set<Int64>] = [[], [], []]
    var doneCount = 0
    /// Each event's number within its key, and how they came to their end.
    var sequence: [String: Int] = [:]
    var numbers: [Work.ID: Int] = [:]
    var lastDone: [String: Int] = [:]

    init(seed: Int) {
      random = SplitMix64(seed: UInt64(seed))
      table = LaneTable(
        limits: .init(
          inFlightMax: 6, windowRecordsMax: 40, windowBytesMax: 1000, attemptsMax: 5,
          laneAttemptsMax: 2), backoff: Backoff(baseMs: 10, maxMs: 200, seed: UInt64(seed)))
      table.assign(0, role: .events(retry: 2))
      table.assign(1)
      table.assign(2, role: .retry(of: 0))
    }
  }

  @Test(arguments: 0..<300)
  func historiesKeepOrderAndLoseNothing(seed: Int) {
    var run = Run(seed: seed)
    for _ in 0..<400 { step(&run, seed) }
    for _ in 0..<20_000 where run.table.windowRecords > 0 { step(&run, seed, isFeeding: false) }
    #expect(run.table.windowRecords == 0, "seed \(seed): not drained")
    #expect(run.table.windowBytes == 0, "seed \(seed)")
    #expect(run.doneCount == Int(run.nextOffset.reduce(0, +)), "seed \(seed)")
    #expect(run.table.laneCount == 0 && run.table.inFlight == 0, "seed \(seed)")
    #expect(run.table.parkedKeys(0) == 0, "seed \(seed): a key stayed parked")
  }

  private func step(_ run: inout Run, _ seed: Int, isFeeding: Bool = true) {
    switch Int.random(in: 0..<5, using: &run.random) {
    case 0 where isFeeding && run.table.room > 0: feed(&run)
    case 1, 2: start(&run, seed)
    case 3: finish(&run, seed)
    default:
      run.nowMs += Int64.random(in: 0...50, using: &run.random)
      run.table.resume(0, countMax: 3)
    }
    for partition in 0..<3 {
      guard let commit = run.table.takeCommit(partition) else { continue }
      let lowest = run.unfinished[partition].min() ?? run.nextOffset[partition]
      #expect(commit.offset == lowest, "seed \(seed): frontier is the lowest unfinished offset")
    }
  }

  private func feed(_ run: inout Run) {
    let partition = Int.random(in: 0..<2, using: &run.random)
    let choice = Int.random(in: 0..<6, using: &run.random)
    let key = choice == 5 ? nil : "\(partition)k\(choice)"
    let number = key.map { run.sequence[$0, default: 0] } ?? 0
    if let key { run.sequence[key] = number + 1 }
    receive(&run, partition, key, number: number)
  }

  private func receive(
    _ run: inout Run, _ partition: Int, _ key: String?, number: Int, attempts: Int = 0
  ) {
    let offset = run.nextOffset[partition]
    run.nextOffset[partition] += 1
    run.unfinished[partition].insert(offset)
    let work = Work(partition: partition, key: key, offset: offset)
    run.numbers[work.id] = number
    let place = run.table.receive(
      partition: partition, offset: offset, key: key.map(TableProbe.hash), bytes: 5,
      attempts: attempts)
    guard let place else {
      Issue.record("nothing is restored here")
      return
    }
    run.works[place] = work
  }

  private func start(_ run: inout Run, _ seed: Int) {
    let ticket: LaneTable.Ticket
    let kind: Running.Kind
    switch run.table.next(nowMs: run.nowMs) {
    case .attempt(let started, _, _)?:
      (ticket, kind) = (started, .attempt)
      switch Int.random(in: 0..<6, using: &run.random) {
      case 0: return run.table.suspend(ticket, on: 0)
      case 1: return run.table.postpone(ticket, untilMs: run.nowMs + 20)
      case 2: run.table.extend(ticket, countMax: 3) { _ in true }
      default: break
      }
    case .bury(let started, _)?: (ticket, kind) = (started, .burial)
    case .park(let started, _, _)?: (ticket, kind) = (started, .parking)
    case nil: return
    }
    var works: [Work] = []
    for place in run.table.places(of: ticket) {
      if let work = run.works[place] { works.append(work) }
    }
    if let key = works[0].key {
      let isOverlap = run.running.contains {
        $0.works[0].key == key && $0.works[0].partition == works[0].partition
      }
      #expect(!isOverlap, "seed \(seed): two records of \(key) at one time")
    }
    run.running.append(Running(ticket: ticket, works: works, kind: kind))
    #expect(run.table.inFlight <= 8, "seed \(seed): a run may join two more")
  }

  private func finish(_ run: inout Run, _ seed: Int) {
    guard let index = run.running.indices.randomElement(using: &run.random) else { return }
    let ended = run.running.remove(at: index)
    let isGood = Int.random(in: 0..<3, using: &run.random) > 0
    let verdict: LaneTable.Verdict
    switch ended.kind {
    case .burial:
      verdict = run.table.buried(ended.ticket, isAcknowledged: isGood, nowMs: run.nowMs)
    case .parking:
      let offset = isGood ? run.nextOffset[2] : nil
      verdict = run.table.parked(ended.ticket, retryOffset: offset, nowMs: run.nowMs)
    case .attempt:
      let classes: [FailureClass] = [.transient, .throttled, .poison, .permanent]
      let failure = Failure(classes.randomElement(using: &run.random) ?? .bug, .enrich, "x")
      verdict = run.table.finish(
        ended.ticket, isGood ? .written : .failed(failure), nowMs: run.nowMs)
    }
    guard verdict == .done else { return }
    for work in ended.works { settle(&run, work, isParked: ended.kind == .parking, seed) }
  }

  private func settle(_ run: inout Run, _ work: Work, isParked: Bool, _ seed: Int) {
    run.doneCount += 1
    run.unfinished[work.partition].remove(work.offset)
    let number = run.numbers[work.id] ?? 0
    guard let key = work.key else { return }
    if isParked { return receive(&run, 2, key, number: number, attempts: 2) }
    // Over both partitions together: a parked record and those behind it keep their order.
    #expect(run.lastDone[key, default: -1] < number, "seed \(seed): \(key) out of order")
    run.lastDone[key] = number
  }
}

extension LaneTablePropertyTests.Work: Identifiable {
  struct ID: Hashable {
    let partition: Int
    let offset: Int64
  }

  var id: ID { ID(partition: partition, offset: offset) }
}
