// Runs, suspensions, holds, parking: what came to the lane table beside one record at a time.
import Model
import Testing

@testable import Lanes

@Suite struct LaneTableRunTests {
  private static let transient = Outcome.failed(Failure(.transient, .enrich, "refused"))
  private static let permanent = Outcome.failed(Failure(.permanent, .enrich, "400"))

  // MARK: Runs

  @Test func aRunSettlesAllItsOffsets() {
    let table = LaneTableTests.table()
    for offset: Int64 in 0..<3 { table.feed(offset, "a") }
    table.feed(3, "b")
    let ticket = table.starts()[0].0
    #expect(table.extend(ticket) == ["a0", "a1", "a2"])
    #expect(table.inFlight == 4)
    table.feed(4, "a")
    #expect(table.finish(ticket, .written, nowMs: 0) == .done)
    #expect(table.takeCommit(0) == 3)
    #expect(table.starts().map(\.1) == ["a4"])
  }

  @Test func aRunEndsWhereItsJoiningDoesAndAtTheLimit() throws {
    let table = LaneTableTests.table()
    for offset: Int64 in 0..<5 { table.feed(offset, "a") }
    let ticket = try #require(table.start()).0
    var asked = 0
    let count = table.change {
      $0.extend(ticket, countMax: 10) { _ in
        asked += 1
        return asked < 3
      }
    }
    #expect(count == 3)
    #expect(table.items(of: ticket) == ["a0", "a1", "a2"])
    #expect(table.extend(ticket, countMax: 2) == ["a0", "a1"])
    #expect(table.inFlight == 2)
  }

  @Test func aRunThatFailsIsBuriedTogetherAndAfterARetryTakenAnew() throws {
    let table = LaneTableTests.table()
    for offset: Int64 in 0..<3 { table.feed(offset, "a") }
    var ticket = try #require(table.start()).0
    _ = table.extend(ticket, countMax: 2)
    guard case .retry(let atMs, _) = table.finish(ticket, Self.transient, nowMs: 0) else {
      Issue.record("expected a retry")
      return
    }
    ticket = try #require(table.start(nowMs: atMs)).0
    #expect(table.items(of: ticket) == ["a0"])
    _ = table.extend(ticket, countMax: 2)
    #expect(table.finish(ticket, Self.permanent, nowMs: atMs) == .toBury)
    let burial = try #require(table.start(nowMs: atMs))
    #expect(burial.1 == "bury a0+a1")
    #expect(table.inFlight == 2)
    #expect(table.buried(burial.0, isAcknowledged: true, nowMs: atMs) == .done)
    #expect(table.takeCommit(0) == 2)
  }

  // MARK: Destinations

  @Test func suspendedLanesTakeNoSlotAndComeBackInOrder() throws {
    let table = LaneTableTests.table(inFlightMax: 1)
    for (offset, key) in ["a", "b", "c"].enumerated() { table.feed(Int64(offset), key) }
    for _ in 0..<3 {
      let ticket = try #require(table.start()).0
      table.change { $0.suspend(ticket, on: 2) }
    }
    #expect(table.inFlight == 0)
    #expect(table.start() == nil)
    #expect(table.change { $0.resume(2, countMax: 1) } == 1)
    #expect(table.start()?.1 == "a0")
    #expect(table.change { $0.resume(0, countMax: 9) } == 0)
    #expect(table.change { $0.resume(2, countMax: 9) } == 2)
  }

  @Test func aDroppedPartitionsLanesAreNotResumed() throws {
    let table = LaneTableTests.table()
    table.feed(0, "a")
    let ticket = try #require(table.start()).0
    table.change { $0.suspend(ticket, on: 0) }
    table.drop(0)
    #expect(table.change { $0.resume(0, countMax: 9) } == 0)
    #expect(table.inFlight == 0 && table.windowRecords == 0)
  }

  @Test func postponingAndUncountedFailuresUseNoAttemptUp() throws {
    let table = LaneTableTests.table(attemptsMax: 2)
    table.feed(0, "a")
    var nowMs: Int64 = 0
    for round in 0..<20 {
      let ticket = try #require(table.start(nowMs: nowMs)).0
      if round.isMultiple(of: 2) {
        table.change { $0.postpone(ticket, untilMs: nowMs + 50) }
        #expect(table.start(nowMs: nowMs + 49) == nil)
        nowMs += 50
      } else {
        guard
          case .retry(let atMs, _) = table.finish(
            ticket, Self.transient, isCounted: false, nowMs: nowMs)
        else {
          Issue.record("expected a retry")
          return
        }
        nowMs = atMs
      }
    }
  }

  // MARK: Holds and the completed map

  @Test func aPartitionOnHoldStartsNothingUntilReleased() {
    let table = LaneTableTests.table()
    table.change { $0.hold(0) }
    table.feed(0, "a")
    table.feed(1, "b")
    #expect(table.start() == nil)
    table.change { $0.release(0) }
    #expect(table.starts().map(\.1) == ["a0", "b1"])
  }

  @Test func completedOffsetsTravelInTheCommitAndAreNotDoneAgain() throws {
    let table = LaneTableTests.table()
    for offset: Int64 in 0..<4 { table.feed(offset, "k\(offset)") }
    let started = table.starts()
    for index in [1, 3] { _ = table.finish(started[index].0, .written, nowMs: 0) }
    let commit = try #require(table.commit(0))
    #expect(commit.offset == 0)
    let metadata = try #require(commit.metadata)
    let map = try #require(OffsetMap(decoding: metadata, frontier: 0))
    #expect(table.commit(0) == nil, "nothing new")

    let other = LaneTableTests.table()
    other.drop(0)
    other.change { $0.assign(0, restoring: map) }
    #expect((0..<4).map { other.feed(Int64($0), "k\($0)") } == [true, false, true, false])
    #expect(other.starts().map(\.1) == ["k00", "k22"])
  }

  @Test func aMapThatIsNearlyFullHoldsWhatIsAboveIt() throws {
    let table = LaneTableTests.table(inFlightMax: 1000, windowMax: 1000)
    for offset: Int64 in 0..<200 { table.feed(offset, "k\(offset)") }
    let started = table.starts()
    for index in stride(from: 1, to: 200, by: 2) {
      _ = table.finish(started[index].0, .written, nowMs: 0)
    }
    table.feed(200, "above")
    // 40 characters hold 20 bytes of bits: too few for 200 offsets.
    #expect(table.commit(0, charactersMax: 40)?.offset == 0)
    #expect(table.start() == nil)
    for index in stride(from: 0, to: 200, by: 2) {
      _ = table.finish(started[index].0, .written, nowMs: 0)
    }
    #expect(table.commit(0, charactersMax: 40)?.offset == 200)
    #expect(table.start()?.1 == "above200")
  }

  // MARK: Parking

  private static func parkingTable() -> TableProbe {
    let table = LaneTableTests.table(attemptsMax: 5, laneAttemptsMax: 1)
    table.drop(0)
    table.change {
      $0.assign(0, role: .events(retry: 1))
      $0.assign(1, role: .retry(of: 0))
    }
    return table
  }

  @Test func aHeadThatFailsIsParkedAndTheRestOfItsKeyFollows() throws {
    let table = Self.parkingTable()
    table.feed(0, "a")
    table.feed(1, "a")
    table.feed(2, "b")
    let started = table.starts()
    #expect(table.finish(started[0].0, Self.transient, nowMs: 0) == .toPark)
    #expect(table.finish(started[1].0, .written, nowMs: 0) == .done)
    let head = try #require(table.start())
    #expect(head.1 == "park a0")
    #expect(table.takeCommit(0) == 0, "not done before it is stored")
    #expect(table.parked(head.0, at: 70) == .done)
    let follower = try #require(table.start())
    #expect(follower.1 == "park a1")
    #expect(table.parked(follower.0, at: 71) == .done)
    #expect(table.takeCommit(0) == 3)
    // The parked ones arrive; while they are not done, later ones of the key follow them.
    table.feed(70, "a", partition: 1, attempts: 1)
    table.feed(71, "a", partition: 1)
    table.feed(3, "a")
    table.feed(4, "b")
    #expect(table.starts().map(\.1) == ["a70", "park a3", "b4"])
  }

  @Test func aKeyIsCleanAgainOnceItsLastParkedRecordIsDone() throws {
    let table = Self.parkingTable()
    table.feed(0, "a")
    #expect(table.finish(table.starts()[0].0, Self.transient, nowMs: 0) == .toPark)
    #expect(table.parked(table.starts()[0].0, at: 70) == .done)
    table.feed(70, "a", partition: 1, attempts: 1)
    #expect(table.finish(table.starts()[0].0, .written, nowMs: 0) == .done)
    #expect(table.table.parkedKeys(0) == 0)
    table.feed(1, "a")
    #expect(table.starts().map(\.1) == ["a1"])
  }

  @Test func aRetryPartitionsRecordsAreBuriedAfterAllAttempts() throws {
    let table = Self.parkingTable()
    table.feed(9, "a", partition: 1, attempts: 4)
    #expect(table.finish(table.starts()[0].0, Self.transient, nowMs: 0) == .toBury)
  }

  @Test func whatCannotBeParkedStaysAndIsTriedAgain() throws {
    let table = Self.parkingTable()
    table.feed(0, "a")
    #expect(table.finish(table.starts()[0].0, Self.transient, nowMs: 0) == .toPark)
    guard case .retry(let atMs, _) = table.parked(table.starts()[0].0, at: nil) else {
      Issue.record("expected another try")
      return
    }
    #expect(table.takeCommit(0) == 0)
    #expect(table.starts(nowMs: atMs).map(\.1) == ["park a0"])
  }

  @Test func aNewOwnerLearnsFromTheRetryPartitionWhichKeysFollow() {
    let table = Self.parkingTable()
    table.change {
      $0.hold(0)
      $0.scanned(key: TableProbe.hash("a"), events: 0, retryOffset: 70)
    }
    table.feed(5, "a")
    table.feed(6, "b")
    #expect(table.start() == nil)
    table.change { $0.release(0) }
    #expect(table.starts().map(\.1) == ["park a5", "b6"])
  }

  @Test func recordsWithoutAKeyAreNeverParked() {
    let table = Self.parkingTable()
    table.feed(0, nil)
    guard case .retry = table.finish(table.starts()[0].0, Self.transient, nowMs: 0) else {
      Issue.record("expected a retry in the lane")
      return
    }
  }
}
