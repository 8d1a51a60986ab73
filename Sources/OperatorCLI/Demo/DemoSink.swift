// What the database holds after a demo, as the comparison wants it.
import FoundationEssentials
import Model
import Stores

/// The database's records, and the states that were written more than once.
struct DemoSink {
  private(set) var records: [String: DemoRecord] = [:]
  private(set) var appliedTwice: [String] = []

  /// The answer of the API as it was stored.
  private struct Payload: Decodable {
    let properties: [String: String?]
    let updatedAt: String
  }

  /// A written state: equal ones must not appear twice in the log of writes.
  private struct State: Hashable {
    let key: RecordKey
    let version: Int64
    let isDelete: Bool
  }

  static func read(_ reader: StoreReader) throws -> DemoSink {
    var sink = DemoSink()
    try reader.forEachRecord { sink.take($0) }
    var seen: Set<State> = []
    for row in try reader.writeLog(after: 0, rowsMax: .max) {
      let state = State(key: row.key, version: row.version, isDelete: row.isDelete)
      guard !seen.insert(state).inserted else { continue }
      sink.appliedTwice.append("\(row.key) at version \(row.version), written twice")
    }
    return sink
  }

  private mutating func take(_ record: StoredRecord) {
    let payload = record.payload.flatMap {
      try? JSONDecoder().decode(Payload.self, from: Data($0))
    }
    // Modified times are the sandbox's own; null means that the record has no such property.
    let properties = (payload?.properties ?? [:]).compactMapValues { $0 }.filter {
      !["hs_object_id", "createdate", "lastmodifieddate", "hs_lastmodifieddate"].contains($0.key)
    }
    records["\(record.key.object)/\(record.key.recordId)"] = DemoRecord(
      properties: properties,
      updatedAtMs: payload.flatMap { Timestamp(rfc3339: $0.updatedAt)?.ms } ?? 0,
      isDeleted: record.isDeleted)
  }
}
