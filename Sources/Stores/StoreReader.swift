// Looking into a SQLite store without disturbing who writes it.

package import Model

/// A read-only connection of its own, beside any writers.
package final class StoreReader: RecordReader {
  private let connection: Connection

  /// The file must exist and have been opened by `SQLiteStore` before.
  package init(path: String, busyTimeoutMs: Int32 = 5000) throws(StoreError) {
    connection = try Connection(path: path, isReader: true, busyTimeoutMs: busyTimeoutMs)
    try connection.requireKnownSchema()
  }

  package func record(_ key: RecordKey) throws(StoreError) -> StoredRecord? {
    var found: StoredRecord?
    try run(
      "\(Self.selectRecords) WHERE tenant = ?1 AND object = ?2 AND record_id = ?3",
      [.text(key.tenant), .text(key.object), .text(key.recordId)]
    ) { found = Self.record($0) }
    return found
  }

  package func forEachRecord(_ body: (StoredRecord) -> Void) throws(StoreError) {
    try run("\(Self.selectRecords) ORDER BY tenant, object, record_id", []) { row in
      if let record = Self.record(row) { body(record) }
    }
  }

  package func counts() throws(StoreError) -> StoreCounts {
    var counts = StoreCounts(live: 0, deleted: 0, inbox: 0, writeLog: 0)
    try run(
      """
      SELECT (SELECT count(*) FROM records WHERE deleted = 0),
        (SELECT count(*) FROM records WHERE deleted <> 0),
        (SELECT count(*) FROM inbox), (SELECT count(*) FROM write_log)
      """, []
    ) { row in
      counts = StoreCounts(
        live: Int(row.integer(0)), deleted: Int(row.integer(1)), inbox: Int(row.integer(2)),
        writeLog: Int(row.integer(3)))
    }
    return counts
  }

  package func writeLog(
    after id: Int64 = 0, rowsMax: Int = .max
  ) throws(StoreError) -> [WriteLogRow] {
    var rows: [WriteLogRow] = []
    try run(
      """
      SELECT id, tenant, object, record_id, version, seq, deleted, event_id, applied_at
      FROM write_log WHERE id > ?1 ORDER BY id LIMIT ?2
      """, [.integer(id), .integer(Int64(rowsMax))]
    ) { row in
      guard
        let key = RecordKey(tenant: row.text(1), object: row.text(2), recordId: row.text(3))
      else { return }
      rows.append(
        WriteLogRow(
          id: row.integer(0), key: key, version: row.integer(4), observedAtUs: row.integer(5),
          isDelete: row.integer(6) != 0, eventId: row.text(7), appliedAtMs: row.integer(8)))
    }
    return rows
  }

  package func inboxContains(eventId: String) throws(StoreError) -> Bool {
    var isKnown = false
    try run("SELECT 1 FROM inbox WHERE event_id = ?1", [.text(eventId)]) { _ in isKnown = true }
    return isKnown
  }

  private static let selectRecords =
    """
    SELECT tenant, object, record_id, version, seq, deleted, payload, event_id, updated_at
    FROM records
    """

  private func run(
    _ sql: String, _ values: [SQLValue], _ row: (Row) -> Void
  ) throws(StoreError) {
    try Statement(connection.handle, sql).run(values, row)
  }

  private static func record(_ row: Row) -> StoredRecord? {
    guard let key = RecordKey(tenant: row.text(0), object: row.text(1), recordId: row.text(2))
    else { return nil }
    return StoredRecord(
      key: key, version: row.integer(3), observedAtUs: row.integer(4),
      isDeleted: row.integer(5) != 0, payload: row.blob(6), eventId: row.text(7),
      updatedAtMs: row.integer(8))
  }
}
