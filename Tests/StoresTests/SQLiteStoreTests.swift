// What is particular to a database file: locks, a full disk, files of others.

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

  @Test func aNULInAnIdIsKept() throws {
    let odd = try #require(RecordKey(tenant: "t/1", object: "deal", recordId: "ö\u{0}%"))
    var write = try write("e\u{0}1", version: 1, seq: 1, "a")
    write.key = odd
    #expect(outcomes(store.apply([write])) == [.written])
    #expect(try reader.record(odd)?.payload == Array("a".utf8))
    #expect(try reader.inboxContains(eventId: "e\u{0}1"))
  }

  @Test func aFileOfTheFirstVersionIsBroughtUp() throws {
    let old = scratch.folder.appendingPathComponent("old.db").path
    var database: OpaquePointer?
    #expect(sqlite3_open(old, &database) == SQLITE_OK)
    let statements = """
      \(Schema.steps[0])
      INSERT INTO write_log VALUES (7, 't', 'o', '1', 1, 1, 0, 'e0', 1);
      PRAGMA user_version = 1;
      """
    #expect(sqlite3_exec(database, statements, nil, nil, nil) == SQLITE_OK)
    sqlite3_close(database)
    let store = try SQLiteStore(path: old)
    #expect(outcomes(store.apply([try write("e1", version: 1, seq: 1, "a")])) == [.written])
    let log = try StoreReader(path: old).writeLog()
    #expect(log.map(\.id) == [7, 8])
    let first = try #require(log.first).key
    #expect(try store.isOwnChange(first, .version(1), sinceMs: 0))
    #expect(try !store.isOwnChange(first, .payload([]), sinceMs: 0), "its hash was not kept")
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

  /// Runs SQL on a connection of its own.
  private func execute(_ sql: String) throws {
    var other: OpaquePointer?
    #expect(sqlite3_open(scratch.path, &other) == SQLITE_OK)
    defer { sqlite3_close(other) }
    #expect(sqlite3_exec(other, sql, nil, nil, nil) == SQLITE_OK, "\(sql)")
  }
}
