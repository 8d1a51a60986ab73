// The database against the sandbox, and the log of writes against itself.
import Foundation
import Model
import Sandbox
import Stores
import Testing

struct Comparison {
  private struct Payload: Decodable {
    let properties: [String: String?]
    let updatedAt: String
  }

  /// Expects every record of the sandbox in the database as it is, and none besides.
  static func expectEqual(_ sandbox: SandboxServer, databasePath: String) throws {
    let reader = try StoreReader(path: databasePath)
    var stored: [String: StoredRecord] = [:]
    try reader.forEachRecord { stored["\($0.key.object)/\($0.key.recordId)"] = $0 }
    let records = sandbox.allRecords()
    #expect(!records.isEmpty)
    for record in records {
      let name = "\(record.type)/\(record.id)"
      guard let found = stored.removeValue(forKey: name) else {
        #expect(record.isDeleted, "\(name) is missing")
        continue
      }
      #expect(found.isDeleted == record.isDeleted, "\(name)")
      guard let bytes = found.payload else { continue }
      let payload = try JSONDecoder().decode(Payload.self, from: Data(bytes))
      for (property, value) in record.properties {
        #expect(payload.properties[property] == value, "\(name).\(property)")
      }
      #expect(Timestamp(rfc3339: payload.updatedAt)?.ms == record.updatedAtMs, "\(name)")
    }
    #expect(stored.isEmpty, "in the database only: \(stored.keys.sorted())")
  }

  /// Expects that no state of a record was written twice.
  static func expectNothingAppliedTwice(databasePath: String) throws {
    let rows = try StoreReader(path: databasePath).writeLog(after: 0, rowsMax: .max)
    #expect(!rows.isEmpty)
    var seen: Set<String> = []
    for row in rows {
      let state = "\(row.key)@\(row.version)\(row.isDelete ? " deleted" : "")"
      #expect(seen.insert(state).inserted, "written twice: \(state)")
    }
  }
}
