// A database file that goes away with its test, and short ways to write.

import Foundation
import Model
import Stores
import Testing

/// A folder of its own with the path of a database in it; removed when the last reference goes.
final class Scratch {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "hookferry-store-\(UUID().uuidString)")
  var path: String { folder.appendingPathComponent("test.db").path }

  init() throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }
}

func key(_ id: String) throws -> RecordKey {
  try #require(RecordKey(tenant: "62515", object: "contact", recordId: id))
}

/// An upsert of `text`, or a delete when it is nil.
func write(
  _ event: String, _ id: String = "1", version: Int64, seq: Int64, _ text: String?
) throws -> RecordWrite {
  RecordWrite(
    eventId: event, source: "crm", key: try key(id), version: version, observedAtUs: seq,
    change: text.map { .upsert(payload: Array($0.utf8)) } ?? .delete, appliedAtMs: 900 + seq)
}

func outcomes(_ results: [Result<Outcome, Failure>]) -> [Outcome] {
  results.map {
    switch $0 {
    case .success(let outcome): outcome
    case .failure(let failure): .failed(failure)
    }
  }
}
