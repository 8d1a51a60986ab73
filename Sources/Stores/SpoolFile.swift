// Events that wait on the local disk for Kafka: an ordered list in one SQLite file.

package import Model

/// The spool's file. Used by one thread at a time; one process at a time has it open, and a second
/// one is refused.
package final class SpoolFile {
  /// One event that waits.
  package struct Row: Sendable, Equatable {
    /// Order of arrival.
    package let id: Int64
    package let source: String
    /// Nil: spread over the partitions at random.
    package let key: [UInt8]?
    package let value: [UInt8]
    package let headers: HeaderList
    /// Milliseconds since the Unix epoch.
    package let spooledAtMs: Int64

    package init(
      id: Int64, source: String, key: [UInt8]?, value: [UInt8], headers: HeaderList,
      spooledAtMs: Int64
    ) {
      self.id = id
      self.source = source
      self.key = key
      self.value = value
      self.headers = headers
      self.spooledAtMs = spooledAtMs
    }
  }

  /// What is known of a row without reading its body.
  package struct Entry: Sendable, Equatable {
    package let id: Int64
    package let source: String
    package let key: [UInt8]?
    /// Of value and headers.
    package let bytes: Int
  }

  /// "HKSP": tells a spool from any other database.
  private static let applicationId: Int64 = 0x484B_5350

  private struct Open {
    let connection: Connection
    let insert: Statement
    let delete: Statement
    let find: Statement
    let oldest: Statement
  }

  private var open: Open?

  /// Opens or creates the file, whose folder must exist. Waits up to `busyTimeoutMs` for another
  /// process to let go of it.
  package init(path: String, busyTimeoutMs: Int32 = 5000) throws(StoreError) {
    let connection = try Connection(path: path, isReader: false, busyTimeoutMs: busyTimeoutMs)
    // Two receivers on one file would both send what is in it, each in its own order.
    try connection.execute("PRAGMA locking_mode = EXCLUSIVE", "ask for the file alone")
    try connection.execute("BEGIN EXCLUSIVE; COMMIT", "lock")
    try Self.identify(connection)
    try connection.execute("PRAGMA journal_mode = WAL", "switch to WAL")
    // A 2xx leaves after the commit, so the commit must outlive the power.
    try connection.execute("PRAGMA synchronous = FULL", "set synchronous")
    try connection.execute("PRAGMA wal_autocheckpoint = 2000", "set the checkpoint interval")
    try connection.execute("PRAGMA journal_size_limit = 67108864", "limit the log")
    try connection.execute(
      """
      CREATE TABLE IF NOT EXISTS spool (
        id INTEGER PRIMARY KEY, source TEXT NOT NULL, key BLOB, value BLOB NOT NULL,
        headers BLOB NOT NULL, spooled_at INTEGER NOT NULL)
      """, "create the table")
    let handle = connection.handle
    open = Open(
      connection: connection,
      insert: try Statement(handle, "INSERT OR REPLACE INTO spool VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
      delete: try Statement(handle, "DELETE FROM spool WHERE id = ?1"),
      find: try Statement(
        handle, "SELECT source, key, value, headers, spooled_at FROM spool WHERE id = ?1"),
      oldest: try Statement(handle, "SELECT spooled_at FROM spool ORDER BY id LIMIT 1"))
  }

  /// Every row in order, without bodies.
  package func entries() throws(StoreError) -> [Entry] {
    let connection = try connected().connection
    var entries: [Entry] = []
    try Statement(
      connection.handle,
      "SELECT id, source, key, length(value) + length(headers) FROM spool ORDER BY id"
    ).run([]) { row in
      entries.append(
        Entry(
          id: row.integer(0), source: row.text(1), key: row.blob(2), bytes: Int(row.integer(3))))
    }
    return entries
  }

  /// Writes and removes in one transaction, durable on return; when it throws, nothing changed.
  package func apply(_ changes: [Change]) throws(StoreError) {
    let open = try connected()
    do throws(StoreError) {
      try open.connection.execute("BEGIN IMMEDIATE", "begin")
      for change in changes {
        switch change {
        case .insert(let row):
          try open.insert.run([
            .integer(row.id), .text(row.source), row.key.map { .blob($0) } ?? .null,
            .blob(row.value), .blob(Self.encode(row.headers)), .integer(row.spooledAtMs),
          ])
        case .delete(let id): try open.delete.run([.integer(id)])
        }
      }
      try open.connection.execute("COMMIT", "commit")
    } catch {
      if open.connection.isInTransaction {
        try? open.connection.execute("ROLLBACK", "roll back")
      }
      throw error
    }
  }

  /// One step of a transaction.
  package enum Change: Sendable {
    case insert(Row)
    case delete(Int64)
  }

  package func row(_ id: Int64) throws(StoreError) -> Row? {
    var found: Row?
    try connected().find.run([.integer(id)]) { row in
      found = Row(
        id: id, source: row.text(0), key: row.blob(1), value: row.blob(2) ?? [],
        headers: Self.decode(row.blob(3) ?? []), spooledAtMs: row.integer(4))
    }
    return found
  }

  /// When the first row was written; nil when there is none.
  package func oldestMs() throws(StoreError) -> Int64? {
    var oldest: Int64?
    try connected().oldest.run([]) { oldest = $0.integer(0) }
    return oldest
  }

  /// A pragma's value, as text.
  func pragma(_ name: String) throws(StoreError) -> String {
    var text = ""
    try Statement(try connected().connection.handle, "PRAGMA \(name)").run([]) {
      text = $0.text(0)
    }
    return text
  }

  /// Folds the log into the file and closes it. Idempotent; everything else throws from then on.
  package func close() { open = nil }

  private func connected() throws(StoreError) -> Open {
    guard let open else { throw StoreError(.closed, "the spool is closed") }
    return open
  }

  private static func identify(_ connection: Connection) throws(StoreError) {
    func number(_ sql: String) throws(StoreError) -> Int64 {
      var number: Int64 = 0
      try Statement(connection.handle, sql).run([]) { number = $0.integer(0) }
      return number
    }
    let id = try number("PRAGMA application_id")
    if id == 0, try number("SELECT count(*) FROM sqlite_master") == 0 {
      try connection.execute("PRAGMA application_id = \(applicationId)", "mark the file")
    } else if id != applicationId {
      throw StoreError(.corrupt, "the file is a database, but no spool: choose another path")
    }
  }

  // MARK: Headers as bytes

  /// Each header: length of the name and of the value, four bytes each, then both.
  static func encode(_ headers: HeaderList) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(headers.storage.count + headers.count * 8)
    for index in 0..<headers.count {
      let (name, value) = (headers.nameBytes(at: index), headers.valueBytes(at: index))
      for count in [name.count, value.count] {
        withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.append(contentsOf: $0) }
      }
      bytes.append(contentsOf: name)
      bytes.append(contentsOf: value)
    }
    return bytes
  }

  /// Stops where the bytes end too early.
  static func decode(_ bytes: [UInt8]) -> HeaderList {
    var headers = HeaderList()
    var rest = bytes[...]
    func length() -> Int? {
      guard rest.count >= 4 else { return nil }
      let number = rest.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
      rest = rest.dropFirst(4)
      return number
    }
    while let nameCount = length(), let valueCount = length(),
      rest.count >= nameCount + valueCount
    {
      headers.append(
        nameBytes: rest.prefix(nameCount),
        valueBytes: rest.dropFirst(nameCount).prefix(valueCount))
      rest = rest.dropFirst(nameCount + valueCount)
    }
    return headers
  }
}
