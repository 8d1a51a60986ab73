// The lane table's edges by hand: order per key, retries, burials, fences, limits.
import Model
import Testing

@testable import Lanes

/// A table behind a reference: an expectation cannot mutate a value. Also plays the shell, which
/// keeps its own under each record's place.
final class TableProbe {
  private(set) var table: LaneTable
  private var items: [Int: String] = [:]

  init(_ table: consuming LaneTable) { self.table = table }

  var inFlight: Int { table.inFlight }
  var room: Int { table.room }
  var windowRecords: Int { table.windowRecords }
  var windowBytes: Int { table.windowBytes }
  var laneCount: Int { table.laneCount }
  var nextDueMs: Int64? { table.nextDueMs }
  func assign(_ partition: Int) { table.assign(partition) }
  func fence(_ partition: Int) { table.fence(partition) }
  func drop(_ partition: Int) { table.drop(partition) }
  func change<Result>(_ body: (inout LaneTable) -> Result) -> Result { body(&table) }
  func commit(_ partition: Int, charactersMax: Int = 4096) -> FrontierCommit? {
    table.takeCommit(partition, charactersMax: charactersMax)
  }
  func takeCommit(_ partition: Int) -> Int64? { commit(partition)?.offset }

  func admission(partition: Int, offset: Int64) -> LaneTable.Admission {
    table.admission(partition: partition, offset: offset)
  }

  func finish(
    _ ticket: LaneTable.Ticket, _ outcome: Outcome, isCounted: Bool = true, nowMs: Int64
  ) -> LaneTable.Verdict {
    table.finish(ticket, outcome, isCounted: isCounted, nowMs: nowMs)
  }

  func buried(
    _ ticket: LaneTable.Ticket, isAcknowledged: Bool, nowMs: Int64
  ) -> LaneTable.Verdict {
    table.buried(ticket, isAcknowledged: isAcknowledged, nowMs: nowMs)
  }

  func parked(
    _ ticket: LaneTable.Ticket, at retryOffset: Int64?, nowMs: Int64 = 0
  ) -> LaneTable.Verdict {
    table.parked(ticket, retryOffset: retryOffset, nowMs: nowMs)
  }

  /// False: an earlier owner had done it.
  @discardableResult
  func feed(_ offset: Int64, _ key: String?, partition: Int = 0, attempts: Int = 0) -> Bool {
    let place = table.receive(
      partition: partition, offset: offset, key: key.map(Self.hash), bytes: 10,
      attempts: attempts)
    if let place { items[place] = "\(key ?? "-")\(offset)" }
    return place != nil
  }

  /// FNV-1a: any hash will do.
  static func hash(_ key: String) -> UInt64 {
    key.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  func items(of ticket: LaneTable.Ticket) -> [String] {
    var names: [String] = []
    for place in table.places(of: ticket) { names.append(items[place] ?? "?") }
    return names
  }

  /// What starts next: its ticket and what it is about.
  func start(nowMs: Int64 = 0) -> (LaneTable.Ticket, String)? {
    switch table.next(nowMs: nowMs) {
    case .attempt(let ticket, let place, _)?: (ticket, items[place] ?? "?")
    case .bury(let ticket, _)?: (ticket, "bury " + items(of: ticket).joined(separator: "+"))
    case .park(let ticket, let place, _)?: (ticket, "park " + (items[place] ?? "?"))
    case nil: nil
    }
  }

  func next(nowMs: Int64) -> LaneTable.Start? { table.next(nowMs: nowMs) }

  /// Everything that may start now.
  func starts(nowMs: Int64 = 0) -> [(LaneTable.Ticket, String)] {
    var started: [(LaneTable.Ticket, String)] = []
    while let one = start(nowMs: nowMs) { started.append(one) }
    return started
  }

  func extend(_ ticket: LaneTable.Ticket, countMax: Int = 100) -> [String] {
    _ = table.extend(ticket, countMax: countMax) { _ in true }
    return items(of: ticket)
  }
}

@Suite struct LaneTableTests {
  static func table(
    inFlightMax: Int = 8, attemptsMax: Int = 3, windowMax: Int = 100,
    laneAttemptsMax: Int = .max
  ) -> TableProbe {
    let table = TableProbe(
      LaneTable(
        limits: .init(
          inFlightMax: inFlightMax, windowRecordsMax: windowMax, windowBytesMax: 10_000,
          attemptsMax: attemptsMax, laneAttemptsMax: laneAttemptsMax),
        backoff: Backoff(baseMs: 100, maxMs: 1000, seed: 1)))
    table.assign(0)
    return table
  }

  static let transient = Outcome.failed(Failure(.transient, .enrich, "refused"))
  static let poison = Outcome.failed(Failure(.poison, .decode, "no key"))

  @Test func oneRecordOfAKeyAtATime() {
    let table = Self.table()
    table.feed(0, "a")
    table.feed(1, "a")
    table.feed(2, "b")
    let first = table.starts()
    #expect(first.map(\.1) == ["a0", "b2"])
    #expect(table.finish(first[0].0, .written, nowMs: 0) == .done)
    #expect(table.starts().map(\.1) == ["a1"])
  }

  @Test func recordsWithoutAKeyDoNotWaitForEachOther() {
    let table = Self.table()
    table.feed(0, nil)
    table.feed(1, nil)
    #expect(table.starts().count == 2)
  }

  @Test func aWaitingHeadHoldsItsLaneButNoOther() throws {
    let table = Self.table()
    table.feed(0, "a")
    table.feed(1, "a")
    let head = table.starts()[0].0
    guard case .retry(let atMs, 1) = table.finish(head, Self.transient, nowMs: 0) else {
      Issue.record("expected a retry")
      return
    }
    #expect(table.inFlight == 0)
    table.feed(2, "b")
    #expect(table.starts(nowMs: -1).map(\.1) == ["b2"])
    #expect(table.nextDueMs == atMs)
    #expect(table.starts(nowMs: atMs).map(\.1) == ["a0"])
    #expect(table.takeCommit(0) == 0)
  }

  @Test func attemptsEndInABurialThatHoldsTheOffsetUntilAcknowledged() {
    let table = Self.table(attemptsMax: 2)
    table.feed(7, "a")
    table.feed(8, "a")
    let first = table.starts()[0].0
    _ = table.finish(first, Self.transient, nowMs: 5)
    let second = table.starts(nowMs: 10_000)[0].0
    #expect(table.finish(second, Self.transient, nowMs: 10_000) == .toBury)
    guard case .bury(let ticket, let burial)? = table.next(nowMs: 10_000) else {
      Issue.record("expected a burial")
      return
    }
    #expect(table.items(of: ticket) == ["a7"])
    #expect(burial.attempts == 2)
    #expect(burial.firstFailedAtMs == 5)
    #expect(burial.failure.message == "refused")
    #expect(table.takeCommit(0) == 7, "not done before the dead letter is acknowledged")
    guard case .retry(let atMs, _) = table.buried(ticket, isAcknowledged: false, nowMs: 10_000)
    else {
      Issue.record("expected another try")
      return
    }
    #expect(table.takeCommit(0) == nil)
    guard case .bury(let again, _)? = table.next(nowMs: atMs) else {
      Issue.record("expected the burial again")
      return
    }
    #expect(table.buried(again, isAcknowledged: true, nowMs: atMs) == .done)
    #expect(table.takeCommit(0) == 8)
    #expect(table.starts(nowMs: atMs).map(\.1) == ["a8"])
  }

  @Test func poisonIsBuriedAtOnce() {
    let table = Self.table()
    table.feed(0, nil)
    #expect(table.finish(table.starts()[0].0, Self.poison, nowMs: 0) == .toBury)
    #expect(table.starts().map(\.1) == ["bury -0"])
  }

  @Test func beingThrottledNeverLeadsToABurial() {
    let table = Self.table(attemptsMax: 2)
    table.feed(0, "a")
    var nowMs: Int64 = 0
    for _ in 0..<50 {
      let ticket = table.starts(nowMs: nowMs)[0].0
      let throttled = Outcome.failed(
        Failure(.throttled, .enrich, "429", httpStatus: 429, retryAfterMs: 2000))
      guard case .retry(let atMs, _) = table.finish(ticket, throttled, nowMs: nowMs) else {
        Issue.record("expected a retry")
        return
      }
      #expect(atMs >= nowMs + 2000, "Retry-After is never undercut")
      nowMs = atMs
    }
  }

  @Test func aSinkThatIsDownNeverLeadsToABurialAndWaitsGrow() {
    let table = Self.table(attemptsMax: 2)
    table.feed(0, "a")
    var nowMs: Int64 = 0
    var attempts: [Int] = []
    for _ in 0..<20 {
      let ticket = table.starts(nowMs: nowMs)[0].0
      let full = Outcome.failed(Failure(.transient, .write, "the disk is full"))
      guard case .retry(let atMs, let attempt) = table.finish(ticket, full, nowMs: nowMs) else {
        Issue.record("expected a retry")
        return
      }
      attempts.append(attempt)
      nowMs = atMs
    }
    #expect(attempts == Array(1...20), "the wait grows with every failure")
  }

  @Test func aFencedPartitionStartsNothingAndADroppedOneForgets() {
    let table = Self.table()
    table.assign(1)
    table.feed(0, "a")
    table.feed(1, "a")
    table.feed(0, "a", partition: 1)
    let started = table.starts()
    #expect(started.count == 2)
    table.fence(0)
    #expect(table.admission(partition: 0, offset: 2) == .ignore)
    #expect(table.finish(started[0].0, .written, nowMs: 0) == .done)
    #expect(table.starts().isEmpty)
    #expect(table.takeCommit(0) == 1)
    table.drop(0)
    #expect(table.windowRecords == 1)
    #expect(table.inFlight == 1)
    table.drop(1)
    #expect(table.finish(started[1].0, .written, nowMs: 0) == .stale)
    #expect(table.windowRecords == 0 && table.windowBytes == 0 && table.inFlight == 0)
    #expect(table.laneCount == 0)
  }

  @Test func ticketsOfAnEarlierOwnershipAreStale() {
    let table = Self.table()
    table.feed(0, "a")
    let old = table.starts()[0].0
    table.drop(0)
    table.assign(0)
    table.feed(0, "a")
    let new = table.starts()[0].0
    #expect(table.finish(old, .written, nowMs: 0) == .stale)
    #expect(table.takeCommit(0) == 0)
    #expect(table.finish(new, .written, nowMs: 0) == .done)
    #expect(table.takeCommit(0) == 1)
  }

  @Test func recordsAreHeldAtTheSpanLimitAndARewindIsSeen() {
    let table = Self.table()
    #expect(table.admission(partition: 0, offset: 0) == .accept)
    table.feed(0, "a")
    #expect(table.admission(partition: 0, offset: 0) == .rewound)
    #expect(table.admission(partition: 0, offset: 1 << 20) == .hold)
    #expect(table.admission(partition: 9, offset: 0) == .ignore)
    #expect(table.finish(table.starts()[0].0, .written, nowMs: 0) == .done)
    #expect(table.admission(partition: 0, offset: 1 << 20) == .accept)
  }

  @Test func limitsHold() {
    let table = Self.table(inFlightMax: 2, windowMax: 4)
    for offset: Int64 in 0..<4 { table.feed(offset, "k\(offset)") }
    #expect(table.room == 0)
    #expect(table.starts().count == 2)
  }

  @Test func finishingTwiceIsAProgrammingError() async {
    await #expect(processExitsWith: .failure) {
      let table = LaneTableTests.table()
      table.feed(0, "a")
      let ticket = table.starts()[0].0
      _ = table.finish(ticket, LaneTableTests.transient, nowMs: 0)
      _ = table.finish(ticket, LaneTableTests.transient, nowMs: 0)
    }
  }
}
