// Opening a database file: pragmas, schema, migration.

internal import CSQLite
internal import Glibc

/// One connection. Used by one thread at a time.
final class Connection {
  let handle: OpaquePointer
  private let busyTimeoutMs: Int32

  init(path: String, isReader: Bool, busyTimeoutMs: Int32) throws(StoreError) {
    var handle: OpaquePointer?
    let access = isReader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX, nil)
    guard code == SQLITE_OK, let handle else {
      let error = StoreError(sqlite: handle, "open")
      sqlite3_close_v2(handle)
      throw error
    }
    self.handle = handle
    self.busyTimeoutMs = busyTimeoutMs
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, busyTimeoutMs)
  }

  deinit { sqlite3_close_v2(handle) }

  func execute(_ sql: String, _ operation: String) throws(StoreError) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else {
      throw StoreError(sqlite: handle, operation)
    }
  }

  /// True while a transaction is open; some errors end it on SQLite's own account.
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

  /// Rows that the last statement changed.
  var changes: Int { Int(sqlite3_changes(handle)) }

  func userVersion() throws(StoreError) -> Int64 {
    var version: Int64 = 0
    try Statement(handle, "PRAGMA user_version").run([]) { version = $0.integer(0) }
    return version
  }

  /// Refuses a file of a newer program, whatever is asked of it.
  func requireKnownSchema() throws(StoreError) {
    let version = try userVersion()
    guard version <= Schema.version else {
      throw StoreError(
        .newerSchema,
        "the database has schema \(version), this program knows up to \(Schema.version)")
    }
  }

  func configureWriter(synchronous: SQLiteStore.Synchronous) throws(StoreError) {
    try requireKnownSchema()
    try switchToWAL()
    try execute("PRAGMA synchronous = \(synchronous.rawValue)", "set synchronous")
    try execute("PRAGMA foreign_keys = OFF", "set foreign keys")
    // Pages, of 4 KiB: about 8 MiB of log before it is folded back into the file.
    try execute("PRAGMA wal_autocheckpoint = 2000", "set the checkpoint interval")
    // After a checkpoint the log file shrinks to this.
    try execute("PRAGMA journal_size_limit = 67108864", "limit the log")
  }

  /// WAL lets readers read while one writes; it stays with the file. Where several processes create
  /// the file at one time SQLite answers "busy" at once, whatever the busy time-out is.
  private func switchToWAL() throws(StoreError) {
    let stepMs: Int32 = 10
    for _ in 0..<max(0, busyTimeoutMs / stepMs) {
      do throws(StoreError) {
        return try execute("PRAGMA journal_mode = WAL", "switch to WAL")
      } catch {
        guard error.code == .busy else { throw error }
        usleep(UInt32(stepMs) * 1000)
      }
    }
    try execute("PRAGMA journal_mode = WAL", "switch to WAL")
  }

  /// Brings the schema to `Schema.version`; of several processes one does it and the others wait.
  func migrate() throws(StoreError) {
    guard try userVersion() < Schema.version else { return }
    try execute("BEGIN IMMEDIATE", "begin the migration")
    do throws(StoreError) {
      // Another process may have been faster.
      try requireKnownSchema()
      for step in Schema.steps.dropFirst(Int(try userVersion())) {
        try execute(step, "migrate")
      }
      try execute("PRAGMA user_version = \(Schema.version)", "note the schema version")
      try execute("COMMIT", "commit the migration")
    } catch {
      if isInTransaction { try? execute("ROLLBACK", "roll back") }
      throw error
    }
  }
}

/// The tables. `steps[n]` leads from version n to n + 1 and is never changed once released.
enum Schema {
  static var version: Int64 { Int64(steps.count) }

  static let steps = [
    """
    CREATE TABLE records (
      tenant TEXT NOT NULL, object TEXT NOT NULL, record_id TEXT NOT NULL,
      version INTEGER NOT NULL, seq INTEGER NOT NULL, deleted INTEGER NOT NULL,
      hash INTEGER, payload BLOB, event_id TEXT NOT NULL, updated_at INTEGER NOT NULL,
      PRIMARY KEY (tenant, object, record_id)
    ) WITHOUT ROWID;
    CREATE TABLE inbox (
      event_id TEXT PRIMARY KEY, tenant TEXT NOT NULL, object TEXT NOT NULL,
      record_id TEXT NOT NULL, outcome TEXT NOT NULL, applied_at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE write_log (
      id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, object TEXT NOT NULL,
      record_id TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL,
      deleted INTEGER NOT NULL, event_id TEXT NOT NULL, applied_at INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE write_log ADD COLUMN hash INTEGER;
    CREATE INDEX write_log_by_record ON write_log (record_id, object, tenant);
    CREATE INDEX inbox_by_age ON inbox (applied_at);
    CREATE TABLE claims (
      sink TEXT NOT NULL, idempotency_key TEXT NOT NULL, state INTEGER NOT NULL,
      owner TEXT NOT NULL, epoch INTEGER NOT NULL, lease_until INTEGER NOT NULL,
      updated_at INTEGER NOT NULL,
      PRIMARY KEY (sink, idempotency_key)
    ) WITHOUT ROWID;
    CREATE INDEX claims_by_age ON claims (updated_at) WHERE state IN (0, 3);
    """,
  ]
}
