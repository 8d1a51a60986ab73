// What a write does to the database, read back through a connection of its own, in every kind of
// store.

import Model
import Testing

@testable import Stores

@Suite struct StoreTests {
  @Test(arguments: Backend.allCases) func everyColumnIsWhatWasWritten(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let odd = try #require(RecordKey(tenant: "t/1", object: "deal", recordId: "ö\u{1}%"))
    let payload: [UInt8] = [0x7B, 0x00, 0xFF, 0x7D]
    let result = rig.store.apply([
      RecordWrite(
        eventId: "e1", source: "crm", key: odd, version: 1007, observedAtUs: 2003,
        change: .upsert(payload: payload), appliedAtMs: 3011)
    ])
    #expect(outcomes(result) == [.written])
    #expect(
      try rig.reader.record(odd)
        == StoredRecord(
          key: odd, version: 1007, observedAtUs: 2003, isDeleted: false, payload: payload,
          eventId: "e1", updatedAtMs: 3011))
    #expect(
      try rig.reader.writeLog() == [
        WriteLogRow(
          id: 1, key: odd, version: 1007, observedAtUs: 2003, isDelete: false, eventId: "e1",
          appliedAtMs: 3011)
      ])
    #expect(try rig.reader.inboxContains(eventId: "e1"))
    #expect(try !rig.reader.inboxContains(eventId: "e2"))
    #expect(try rig.reader.record(key("none")) == nil)
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 1, writeLog: 1))
  }

  @Test(arguments: Backend.allCases) func aRepeatOfTheSameStateChangesNothing(_ backend: Backend)
    throws
  {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(rig.apply(try write("e1", version: 5, seq: 11, "a")) == [.duplicate])
    #expect(rig.apply(try write("e1", version: 4, seq: 12, "x")) == [.duplicate])
    #expect(
      rig.apply(
        try write("e2", version: 7, seq: 12, "c"), try write("e2", version: 7, seq: 13, "c"))
        == [.written, .duplicate])
    #expect(try rig.reader.record(key("1"))?.payload == Array("c".utf8))
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 2, writeLog: 2))
  }

  @Test(arguments: Backend.allCases) func anEventThatCarriesItsOwnStateIsAppliedOnce(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    var first = try write("e1", version: 5, seq: 10, "a")
    first.carriesEvent = true
    var repeated = try write("e1", version: 9, seq: 30, "a")
    repeated.carriesEvent = true
    #expect(rig.apply(first) == [.written])
    #expect(rig.apply(try write("e2", version: 7, seq: 20, "b")) == [.written])
    #expect(rig.apply(repeated) == [.duplicate], "a repeat of it can only be old")
    #expect(try rig.reader.record(key("1"))?.payload == Array("b".utf8))
  }

  @Test(arguments: Backend.allCases) func aDeleteKeepsTheNewestVersionSoThatTheRecordCanComeBack(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    var gone = try write("e2", version: 0, seq: 20, "")
    gone.change = .delete
    #expect(rig.apply(gone) == [.gone])
    #expect(try rig.reader.record(key("1"))?.version == 5)
    #expect(rig.apply(try write("e3", version: 5, seq: 30, "a")) == [.written])
    #expect(try rig.reader.record(key("1"))?.isDeleted == false)
  }

  @Test(arguments: Backend.allCases) func aKnownEventStillBringsANewerState(_ backend: Backend)
    throws
  {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(rig.apply(try write("e1", version: 6, seq: 11, "b")) == [.written])
    #expect(rig.apply(try write("e1", "lost", version: 6, seq: 12, "b")) == [.written])
    #expect(try rig.reader.record(key("1"))?.payload == Array("b".utf8))
    #expect(try rig.reader.counts() == StoreCounts(live: 2, deleted: 0, inbox: 1, writeLog: 3))
  }

  @Test(arguments: Backend.allCases) func olderStatesAreSuperseded(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(rig.apply(try write("e2", version: 4, seq: 11, "older")) == [.superseded])
    #expect(rig.apply(try write("e3", version: 5, seq: 9, "earlier")) == [.superseded])
    #expect(rig.apply(try write("e4", version: 5, seq: 10, "same")) == [.superseded])
    #expect(try rig.reader.record(key("1"))?.payload == Array("a".utf8))
    #expect(rig.apply(try write("e5", version: 5, seq: 11, "b")) == [.written])
    #expect(rig.apply(try write("e6", version: 6, seq: 8, "c")) == [.written])
    #expect(try rig.reader.record(key("1"))?.payload == Array("c".utf8))
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 6, writeLog: 3))
  }

  @Test(arguments: Backend.allCases) func anEqualPayloadMovesTheVersionAndLogsNothing(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(rig.apply(try write("e2", version: 7, seq: 12, "a")) == [.superseded])
    let record = try #require(try rig.reader.record(key("1")))
    #expect(record.version == 7)
    #expect(record.observedAtUs == 12)
    #expect(record.eventId == "e1")
    #expect(try rig.reader.counts().writeLog == 1)
    #expect(rig.apply(try write("e3", version: 6, seq: 13, "b")) == [.superseded])
  }

  @Test(arguments: Backend.allCases) func deletesAreGatedByWhenTheyWereSeen(_ backend: Backend)
    throws
  {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(rig.apply(try write("e2", version: 0, seq: 9, nil)) == [.superseded])
    #expect(rig.apply(try write("e3", version: 0, seq: 11, nil)) == [.gone])
    #expect(rig.apply(try write("e4", version: 0, seq: 15, nil)) == [.superseded])
    let record = try #require(try rig.reader.record(key("1")))
    #expect(record.isDeleted && record.payload == nil && record.version == 5)
    #expect(record.eventId == "e3")
    // Fetched before the delete was seen, however new it looks; or older than what was deleted.
    #expect(rig.apply(try write("e5", version: 99, seq: 14, "late")) == [.superseded])
    #expect(rig.apply(try write("e6", version: 4, seq: 16, "old")) == [.superseded])
    #expect(try rig.reader.counts() == StoreCounts(live: 0, deleted: 1, inbox: 6, writeLog: 2))
    #expect(rig.apply(try write("e7", version: 5, seq: 16, "a")) == [.written])
    #expect(try rig.reader.record(key("1"))?.isDeleted == false)
    #expect(try rig.reader.writeLog(after: 1, rowsMax: 1).map(\.eventId) == ["e3"])
    #expect(try rig.reader.writeLog().map(\.isDelete) == [false, true, false])
  }

  @Test(arguments: Backend.allCases) func aDeleteOfAnUnknownRecordKeepsOlderStatesOut(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 3, seq: 10, nil)) == [.gone])
    #expect(rig.apply(try write("e2", version: 9, seq: 9, "a")) == [.superseded])
    #expect(rig.apply(try write("e3", version: 3, seq: 11, "a")) == [.written])
  }

  @Test(arguments: Backend.allCases) func aBadWriteDoesNotTouchItsNeighbours(_ backend: Backend)
    throws
  {
    let rig = try StoreRig(backend)
    try rig.refuseChanges(ofRecord: "bad")
    let results = rig.apply(
      try write("e1", "1", version: 1, seq: 1, "a"),
      try write("e2", "bad", version: 1, seq: 1, "b"),
      try write("e3", "3", version: 1, seq: 1, "c"))
    #expect(results[0] == .written)
    #expect(results[2] == .written)
    guard case .failed(let failure) = results[1] else {
      Issue.record("the bad write passed")
      return
    }
    #expect(failure.stage == .write)
    #expect(try rig.reader.record(key("bad")) == nil)
    #expect(try !rig.reader.inboxContains(eventId: "e2"))
    #expect(try rig.reader.counts() == StoreCounts(live: 2, deleted: 0, inbox: 2, writeLog: 2))
  }

  @Test(arguments: Backend.allCases) func aClosedStoreRefuses(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    rig.store.close()
    rig.store.close()
    guard case .failed(let failure) = rig.apply(try write("e1", version: 1, seq: 1, "a")).first
    else {
      Issue.record("written after close")
      return
    }
    #expect(failure.failureClass == .transient)
  }

  @Test(arguments: Backend.allCases) func theDataOutliveTheirStore(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    #expect(rig.apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    rig.store.close()
    let again = try rig.openStore()
    #expect(outcomes(again.apply([try write("e1", version: 5, seq: 11, "a")])) == [.duplicate])
    #expect(try rig.reader.record(key("1"))?.payload == Array("a".utf8))
  }

  @Test(arguments: Backend.allCases) func oneWriteSettlesManyEvents(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    var run = try write("e3", version: 5, seq: 10, "a")
    run.alsoEventIds = ["e1", "e2"]
    #expect(rig.apply(run) == [.written])
    for id in ["e1", "e2", "e3"] { #expect(try rig.reader.inboxContains(eventId: id)) }
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 3, writeLog: 1))
    #expect(try rig.reader.writeLog().map(\.eventId) == ["e3"])
    run.observedAtUs = 11
    #expect(rig.apply(run) == [.duplicate])
    run.alsoEventIds = ["e1", "e4"]
    #expect(rig.apply(run, run) == [.superseded, .duplicate], "e4 was news")
    run.carriesEvent = true
    run.observedAtUs = 12
    run.change = .upsert(payload: Array("b".utf8))
    #expect(rig.apply(run) == [.duplicate], "all of them are known")
    run.alsoEventIds = ["e5"]
    #expect(rig.apply(run) == [.written], "e5 is news")
    #expect(try rig.reader.counts().inbox == 5)
  }

  @Test(arguments: Backend.allCases) func spellingsOfOneLetterAreTwoRecords(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    #expect(
      rig.apply(
        try write("\u{E9}", "\u{E9}", version: 1, seq: 1, "composed"),
        try write("e\u{301}", "e\u{301}", version: 1, seq: 2, "decomposed"))
        == [.written, .written])
    #expect(try rig.reader.counts() == StoreCounts(live: 2, deleted: 0, inbox: 2, writeLog: 2))
    #expect(try rig.reader.record(key("\u{E9}"))?.payload == Array("composed".utf8))
  }

  @Test(arguments: Backend.allCases) func recordsComeInTheOrderOfTheirKeys(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    let ids = (0..<1203).map { "\($0 % 2 == 0 ? "a" : "B")\($0)" } + ["Ä", "z"]
    _ = rig.store.apply(try ids.map { try write("e\($0)", $0, version: 1, seq: 1, $0) })
    var seen: [String] = []
    try rig.reader.forEachRecord { seen.append($0.key.recordId) }
    #expect(seen == ids.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
  }

  @Test(arguments: Backend.allCases) func largePayloadsComeBackAsTheyWere(
    _ backend: Backend
  ) throws {
    let rig = try StoreRig(backend)
    let large = (0..<3).map { number in [UInt8](repeating: UInt8(number), count: 6 << 20) }
    let writes = try large.enumerated().map { number, payload in
      var write = try write("e\(number)", "\(number)", version: 1, seq: 1, nil)
      write.change = .upsert(payload: payload)
      return write
    }
    #expect(outcomes(rig.store.apply(writes)) == Array(repeating: .written, count: 3))
    #expect(try rig.reader.record(key("2"))?.payload == large[2])
  }

  @Test(arguments: Backend.allCases) func ourOwnChangesAreRecognised(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let first = try write("e1", version: 5, seq: 10, "a")
    #expect(rig.apply(first, try write("e2", version: 6, seq: 20, "b")) == [.written, .written])
    let (a, b) = (OwnState.payload(Array("a".utf8)), OwnState.payload(Array("b".utf8)))
    let timeMs = first.appliedAtMs
    #expect(try rig.store.isOwnChange(first.key, a, sinceMs: timeMs), "an earlier state too")
    #expect(try rig.store.isOwnChange(first.key, b, sinceMs: timeMs))
    #expect(try rig.store.isOwnChange(first.key, .version(5), sinceMs: timeMs))
    #expect(try !rig.store.isOwnChange(first.key, a, sinceMs: timeMs + 1), "too long ago")
    #expect(try !rig.store.isOwnChange(first.key, .version(7), sinceMs: 0))
    #expect(try !rig.store.isOwnChange(first.key, .payload([]), sinceMs: 0))
    #expect(try !rig.store.isOwnChange(key("2"), a, sinceMs: 0), "another record")
  }

  @Test(arguments: Backend.allCases) func oldRowsAreRemovedAFewAtATime(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    let store = rig.store
    for number in 0..<10 {
      var write = try write("e\(number)", version: Int64(number), seq: Int64(number), "\(number)")
      write.appliedAtMs = Int64(1000 * number)
      #expect(rig.apply(write) == [.written])
      let claimed = try store.claim(
        ClaimKey(sink: "s", idempotencyKey: "\(number)"), owner: "o", leaseUntilMs: 0, nowMs: 0)
      guard case .granted(let claim, _) = claimed else { fatalError("not granted") }
      if number != 0 { _ = try store.markDone(claim, nowMs: Int64(1000 * number)) }
    }
    var limits = PruneLimits(
      inboxBeforeMs: 6000, writeLogBeforeMs: 5000, claimsBeforeMs: 3000, rowsMax: 4)
    #expect(
      try store.prune(limits) == PruneResult(inbox: 4, writeLog: 4, claims: 2, hasMore: true))
    #expect(
      try store.prune(limits) == PruneResult(inbox: 2, writeLog: 1, claims: 0, hasMore: false))
    #expect(
      try store.prune(limits) == PruneResult(inbox: 0, writeLog: 0, claims: 0, hasMore: false))
    limits.claimsBeforeMs = .max
    #expect(try store.prune(limits).claims == 4)
    #expect(try store.prune(limits).claims == 3, "the one that is not done stays")
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 4, writeLog: 5))
    #expect(try rig.reader.writeLog().map(\.version) == [5, 6, 7, 8, 9])
    #expect(try rig.reader.inboxContains(eventId: "e6"))
    #expect(try !rig.reader.inboxContains(eventId: "e5"))
  }
}
