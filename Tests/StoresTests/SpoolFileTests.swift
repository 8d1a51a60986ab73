// What the spool keeps, in which order, and who may open it.

import CSQLite
import Foundation
import Model
import Testing

@testable import Stores

@Suite struct SpoolFileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  static func row(_ id: Int64, key: [UInt8]? = Array("t/o/1".utf8)) -> SpoolFile.Row {
    var headers = HeaderList()
    headers.append("ce_id", "e\(id)")
    headers.append("empty", "")
    headers.append("ce_id", bytes: [0, 0xFF])
    return SpoolFile.Row(
      id: id, source: "crm", key: key, value: [0x7B, 0, 0xFF, UInt8(id)], headers: headers,
      spooledAtMs: 1000 + id)
  }

  @Test func whatIsInItComesBackInOrder() throws {
    var file: SpoolFile? = try SpoolFile(path: scratch.path)
    try file?.apply([.insert(Self.row(7)), .insert(Self.row(3, key: nil)), .insert(Self.row(5))])
    try file?.apply([.delete(7), .delete(99), .insert(Self.row(9))])
    file = nil
    let again = try SpoolFile(path: scratch.path)
    #expect(try again.entries().map(\.id) == [3, 5, 9])
    #expect(try again.entries().map(\.key) == [nil, Array("t/o/1".utf8), Array("t/o/1".utf8)])
    #expect(try again.row(3) == Self.row(3, key: nil))
    #expect(try again.row(9) == Self.row(9))
    #expect(try again.row(7) == nil)
    #expect(try again.oldestMs() == 1003)
    #expect(try again.entries()[0].bytes == 4 + SpoolFile.encode(Self.row(3).headers).count)
    again.close()
    #expect(throws: StoreError.self) { try again.apply([]) }
  }

  @Test func onlyOneHasItOpen() throws {
    let first = try SpoolFile(path: scratch.path)
    let error = #expect(throws: StoreError.self) {
      _ = try SpoolFile(path: scratch.path, busyTimeoutMs: 50)
    }
    #expect(error?.code == .busy)
    first.close()
    _ = try SpoolFile(path: scratch.path, busyTimeoutMs: 50)
  }

  @Test func anotherDatabaseIsNoSpool() throws {
    let store = try SQLiteStore(path: scratch.path)
    store.close()
    let error = #expect(throws: StoreError.self) { _ = try SpoolFile(path: scratch.path) }
    #expect(error?.description.contains("no spool") == true)
  }

  /// Commits are forced to the disk, and by a log.
  @Test func itIsDurable() throws {
    let file = try SpoolFile(path: scratch.path)
    #expect(try file.pragma("synchronous") == "2")
    #expect(try file.pragma("journal_mode") == "wal")
  }

  @Test func headersThatEndTooEarlyAreCutOff() {
    let bytes = SpoolFile.encode(Self.row(1).headers)
    for count in 0..<bytes.count {
      #expect(SpoolFile.decode(Array(bytes.prefix(count))).count <= 3)
    }
    #expect(SpoolFile.decode(bytes) == Self.row(1).headers)
  }
}
