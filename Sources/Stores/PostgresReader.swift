// Looking into a PostgreSQL store.

package import Model

/// A connection of its own, beside any writers.
package final class PostgresReader: RecordReader {
  private let link: PostgresLink

  /// The tables must have been made by `PostgresStore` before.
  package init(_ options: PostgresOptions) throws(StoreError) {
    link = try PostgresLink(options, isWriter: false)
    _ = try link.connected()
  }

  package func record(_ key: RecordKey) throws(StoreError) -> StoredRecord? {
    var found: StoredRecord?
    try run(
      PostgresCommand(
        """
        \(Self.selectRecords) WHERE tenant = $1[1] AND object = $1[2] AND record_id = $1[3]
        """, [PostgresColumn(.text, [key.tenant, key.object, key.recordId])])
    ) { rows in
      if rows.count > 0 { found = Self.record(rows, 0) }
    }
    return found
  }

  /// Page by page, in one snapshot of the database.
  package func forEachRecord(_ body: (StoredRecord) -> Void) throws(StoreError) {
    try run(PostgresCommand("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))
    var last: RecordKey?
    while true {
      let page =
        if let last {
          PostgresCommand(
            """
            \(Self.selectRecords)
            WHERE (tenant, object, record_id) > ($1[1], $1[2], $1[3]) \(Self.inOrder)
            """, [PostgresColumn(.text, [last.tenant, last.object, last.recordId])])
        } else {
          PostgresCommand("\(Self.selectRecords) \(Self.inOrder)")
        }
      var count: Int32 = 0
      try run(page) { rows in
        count = rows.count
        for index in 0..<rows.count {
          guard let record = Self.record(rows, index) else { continue }
          last = record.key
          body(record)
        }
      }
      guard count == Self.pageRows else { break }
    }
    try run(PostgresCommand("COMMIT"))
  }

  package func counts() throws(StoreError) -> StoreCounts {
    var counts = StoreCounts(live: 0, deleted: 0, inbox: 0, writeLog: 0)
    try run(
      PostgresCommand(
        """
        SELECT (SELECT count(*) FROM records WHERE NOT deleted),
          (SELECT count(*) FROM records WHERE deleted),
          (SELECT count(*) FROM inbox), (SELECT count(*) FROM write_log)
        """)
    ) { rows in
      counts = StoreCounts(
        live: Int(rows.integer(0, 0)), deleted: Int(rows.integer(0, 1)),
        inbox: Int(rows.integer(0, 2)), writeLog: Int(rows.integer(0, 3)))
    }
    return counts
  }

  package func writeLog(after id: Int64, rowsMax: Int) throws(StoreError) -> [WriteLogRow] {
    var found: [WriteLogRow] = []
    try run(
      PostgresCommand(
        """
        SELECT id, tenant, object, record_id, version, seq, deleted, event_id, applied_at
        FROM write_log WHERE id > $1[1] ORDER BY id LIMIT $1[2]
        """, [PostgresColumn(integers: [id, Int64(rowsMax)])])
    ) { rows in
      for index in 0..<rows.count {
        guard let key = Self.key(rows, index, 1) else { continue }
        found.append(
          WriteLogRow(
            id: rows.integer(index, 0), key: key, version: rows.integer(index, 4),
            observedAtUs: rows.integer(index, 5), isDelete: rows.boolean(index, 6),
            eventId: rows.text(index, 7), appliedAtMs: rows.integer(index, 8)))
      }
    }
    return found
  }

  package func inboxContains(eventId: String) throws(StoreError) -> Bool {
    var isKnown = false
    try run(
      PostgresCommand(
        "SELECT FROM inbox WHERE event_id = $1[1]", [PostgresColumn(.text, [eventId])])
    ) { isKnown = $0.count > 0 }
    return isKnown
  }

  private static let pageRows: Int32 = 500
  private static let inOrder = "ORDER BY tenant, object, record_id LIMIT \(pageRows)"
  private static let selectRecords =
    """
    SELECT tenant, object, record_id, version, seq, deleted, payload, event_id, updated_at
    FROM records
    """

  private func run(
    _ command: PostgresCommand, _ body: (PostgresRows) -> Void = { _ in }
  ) throws(StoreError) {
    let session = try link.connected()
    let deadline = Deadline(afterMs: link.options.statementTimeoutMs)
    do throws(StoreError) {
      try session.run([command], deadline: deadline) { _, rows in body(rows) }
    } catch {
      // Ends whatever was begun, so that the next call sees the present.
      link.rollBack(session)
      throw error
    }
  }

  private static func key(_ rows: PostgresRows, _ row: Int32, _ column: Int32) -> RecordKey? {
    RecordKey(
      tenant: rows.text(row, column), object: rows.text(row, column + 1),
      recordId: rows.text(row, column + 2))
  }

  private static func record(_ rows: PostgresRows, _ row: Int32) -> StoredRecord? {
    guard let key = key(rows, row, 0) else { return nil }
    return StoredRecord(
      key: key, version: rows.integer(row, 3), observedAtUs: rows.integer(row, 4),
      isDeleted: rows.boolean(row, 5), payload: rows.blob(row, 6), eventId: rows.text(row, 7),
      updatedAtMs: rows.integer(row, 8))
  }
}
