// What a write does to the file, read back through a connection of its own.

import CSQLite
import Foundation
import Model
import Testing

@testable import Stores

@Suite struct SQLiteStoreTests {
  let scratch: Scratch
  let store: SQLiteStore
  let reader: StoreReader

  init() throws {
    scratch = try Scratch()
    store = try SQLiteStore(path: scratch.path)
    reader = try StoreReader(path: scratch.path)
  }

  private func apply(_ writes: RecordWrite...) -> [Outcome] { outcomes(store.apply(writes)) }

  @Test func everyColumnIsWhatWasWritten() throws {
    let odd = try #require(RecordKey(tenant: "t/1", object: "deal", recordId: "ö\u{0}%"))
    let payload: [UInt8] = [0x7B, 0x00, 0xFF, 0x7D]
    let result = store.apply([
      RecordWrite(
        eventId: "e1", source: "crm", key: odd, version: 1007, observedAtUs: 2003,
        change: .upsert(payload: payload), appliedAtMs: 3011)
    ])
    #expect(outcomes(result) == [.written])
    #expect(
      try reader.record(odd)
        == StoredRecord(
          key: odd, version: 1007, observedAtUs: 2003, isDeleted: false, payload: payload,
          eventId: "e1", updatedAtMs: 3011))
    #expect(
      try reader.writeLog() == [
        WriteLogRow(
          id: 1, key: odd, version: 1007, observedAtUs: 2003, isDelete: false, eventId: "e1",
          appliedAtMs: 3011)
      ])
    #expect(try reader.inboxContains(eventId: "e1"))
    #expect(try !reader.inboxContains(eventId: "e2"))
    #expect(try reader.record(key("none")) == nil)
    #expect(try reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 1, writeLog: 1))
  }

  @Test func aRepeatOfTheSameStateChangesNothing() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(apply(try write("e1", version: 5, seq: 11, "a")) == [.duplicate])
    #expect(apply(try write("e1", version: 4, seq: 12, "x")) == [.duplicate])
    #expect(
      apply(try write("e2", version: 7, seq: 12, "c"), try write("e2", version: 7, seq: 13, "c"))
        == [.written, .duplicate])
    #expect(try reader.record(key("1"))?.payload == Array("c".utf8))
    #expect(try reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 2, writeLog: 2))
  }

  @Test func anEventThatCarriesItsOwnStateIsAppliedOnce() throws {
    var first = try write("e1", version: 5, seq: 10, "a")
    first.carriesEvent = true
    var repeated = try write("e1", version: 9, seq: 30, "a")
    repeated.carriesEvent = true
    #expect(apply(first) == [.written])
    #expect(apply(try write("e2", version: 7, seq: 20, "b")) == [.written])
    #expect(apply(repeated) == [.duplicate], "a repeat of it can only be old")
    #expect(try reader.record(key("1"))?.payload == Array("b".utf8))
  }

  @Test func aDeleteKeepsTheNewestVersionSoThatTheRecordCanComeBack() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    var gone = try write("e2", version: 0, seq: 20, "")
    gone.change = .delete
    #expect(apply(gone) == [.gone])
    #expect(try reader.record(key("1"))?.version == 5)
    #expect(apply(try write("e3", version: 5, seq: 30, "a")) == [.written])
    #expect(try reader.record(key("1"))?.isDeleted == false)
  }

  @Test func aKnownEventStillBringsANewerState() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(apply(try write("e1", version: 6, seq: 11, "b")) == [.written])
    #expect(apply(try write("e1", "lost", version: 6, seq: 12, "b")) == [.written])
    #expect(try reader.record(key("1"))?.payload == Array("b".utf8))
    #expect(try reader.counts() == StoreCounts(live: 2, deleted: 0, inbox: 1, writeLog: 3))
  }

  @Test func olderStatesAreSuperseded() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(apply(try write("e2", version: 4, seq: 11, "older")) == [.superseded])
    #expect(apply(try write("e3", version: 5, seq: 9, "earlier")) == [.superseded])
    #expect(apply(try write("e4", version: 5, seq: 10, "same")) == [.superseded])
    #expect(try reader.record(key("1"))?.payload == Array("a".utf8))
    #expect(apply(try write("e5", version: 5, seq: 11, "b")) == [.written])
    #expect(apply(try write("e6", version: 6, seq: 8, "c")) == [.written])
    #expect(try reader.record(key("1"))?.payload == Array("c".utf8))
    #expect(try reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 6, writeLog: 3))
  }

  @Test func anEqualPayloadMovesTheVersionAndLogsNothing() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(apply(try write("e2", version: 7, seq: 12, "a")) == [.superseded])
    let record = try #require(try reader.record(key("1")))
    #expect(record.version == 7)
    #expect(record.observedAtUs == 12)
    #expect(record.eventId == "e1")
    #expect(try reader.counts().writeLog == 1)
    #expect(apply(try write("e3", version: 6, seq: 13, "b")) == [.superseded])
  }

  @Test func deletesAreGatedByWhenTheyWereSeen() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    #expect(apply(try write("e2", version: 0, seq: 9, nil)) == [.superseded])
    #expect(apply(try write("e3", version: 0, seq: 11, nil)) == [.gone])
    #expect(apply(try write("e4", version: 0, seq: 15, nil)) == [.superseded])
    let record = try #require(try reader.record(key("1")))
    #expect(record.isDeleted && record.payload == nil && record.version == 5)
    #expect(record.eventId == "e3")
    // Fetched before the delete was seen, however new it looks; or older than what was deleted.
    #expect(apply(try write("e5", version: 99, seq: 14, "late")) == [.superseded])
    #expect(apply(try write("e6", version: 4, seq: 16, "old")) == [.superseded])
    #expect(try reader.counts() == StoreCounts(live: 0, deleted: 1, inbox: 6, writeLog: 2))
    #expect(apply(try write("e7", version: 5, seq: 16, "a")) == [.written])
    #expect(try reader.record(key("1"))?.isDeleted == false)
    #expect(try reader.writeLog(after: 1, rowsMax: 1).map(\.eventId) == ["e3"])
    #expect(try reader.writeLog().map(\.isDelete) == [false, true, false])
  }

  @Test func aDeleteOfAnUnknownRecordKeepsOlderStatesOut() throws {
    #expect(apply(try write("e1", version: 3, seq: 10, nil)) == [.gone])
    #expect(apply(try write("e2", version: 9, seq: 9, "a")) == [.superseded])
    #expect(apply(try write("e3", version: 3, seq: 11, "a")) == [.written])
  }

  @Test func aBadWriteDoesNotTouchItsNeighbours() throws {
    try execute(
      """
      CREATE TRIGGER refuse BEFORE INSERT ON write_log WHEN NEW.record_id = 'bad'
      BEGIN SELECT RAISE(ABORT, 'no'); END
      """)
    let results = apply(
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
    #expect(try reader.record(key("bad")) == nil)
    #expect(try !reader.inboxContains(eventId: "e2"))
    #expect(try reader.counts() == StoreCounts(live: 2, deleted: 0, inbox: 2, writeLog: 2))
  }

  @Test func aLockedDatabaseFailsAllAsTransient() throws {
    let impatient = try SQLiteStore(path: scratch.path, busyTimeoutMs: 50)
    var other: OpaquePointer?
    #expect(sqlite3_open(scratch.path, &other) == SQLITE_OK)
    defer { sqlite3_close(other) }
    #expect(sqlite3_exec(other, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK)
    let writes = [
      try write("e1", version: 1, seq: 1, "a"), try write("e2", version: 1, seq: 2, "b"),
    ]
    for result in impatient.apply(writes) {
      guard case .failure(let failure) = result else {
        Issue.record("written through a lock")
        continue
      }
      #expect(failure.failureClass == .transient)
    }
    #expect(sqlite3_exec(other, "COMMIT", nil, nil, nil) == SQLITE_OK)
    #expect(outcomes(impatient.apply(writes)) == [.written, .written])
  }

  @Test func aFullDiskFailsAllAsTransientAndLeavesNothing() throws {
    try store.open?.connection.execute("PRAGMA max_page_count = 12", "limit the file")
    let large = String(repeating: "x", count: 200_000)
    let writes = [
      try write("e1", version: 1, seq: 1, "a"), try write("e2", "2", version: 1, seq: 2, large),
      try write("e3", "3", version: 1, seq: 3, "c"),
    ]
    for result in store.apply(writes) {
      guard case .failure(let failure) = result else {
        Issue.record("written to a full disk")
        continue
      }
      #expect(failure.failureClass == .transient)
    }
    #expect(try reader.counts() == StoreCounts(live: 0, deleted: 0, inbox: 0, writeLog: 0))
    try store.open?.connection.execute("PRAGMA max_page_count = 100000", "lift the limit")
    #expect(outcomes(store.apply(writes)) == [.written, .written, .written])
  }

  @Test func aClosedStoreRefuses() throws {
    store.close()
    store.close()
    guard case .failed(let failure) = apply(try write("e1", version: 1, seq: 1, "a")).first else {
      Issue.record("written after close")
      return
    }
    #expect(failure.failureClass == .transient)
  }

  @Test func newerSchemasForeignFilesAndMissingFoldersAreRefused() throws {
    store.close()
    try execute("PRAGMA user_version = 99")
    let newer = #expect(throws: StoreError.self) { try SQLiteStore(path: scratch.path) }
    #expect(newer?.code == .newerSchema)
    #expect(newer?.description.contains("99") == true)
    #expect(throws: StoreError.self) { try StoreReader(path: scratch.path) }
    let text = scratch.folder.appendingPathComponent("notes.txt").path
    try String(repeating: "not a database ", count: 100)
      .write(toFile: text, atomically: true, encoding: .utf8)
    let foreign = #expect(throws: StoreError.self) { try SQLiteStore(path: text) }
    #expect(foreign?.code == .corrupt)
    let missing = #expect(throws: StoreError.self) {
      try SQLiteStore(path: scratch.folder.path + "/no/such/folder.db")
    }
    #expect(missing?.code == .cannotOpen)
  }

  @Test func theFileOutlivesItsStore() throws {
    #expect(apply(try write("e1", version: 5, seq: 10, "a")) == [.written])
    store.close()
    let again = try SQLiteStore(path: scratch.path)
    #expect(outcomes(again.apply([try write("e1", version: 5, seq: 11, "a")])) == [.duplicate])
    #expect(try reader.record(key("1"))?.payload == Array("a".utf8))
  }

  /// Runs SQL on a connection of its own.
  private func execute(_ sql: String) throws {
    var other: OpaquePointer?
    #expect(sqlite3_open(scratch.path, &other) == SQLITE_OK)
    defer { sqlite3_close(other) }
    #expect(sqlite3_exec(other, sql, nil, nil, nil) == SQLITE_OK, "\(sql)")
  }
}
