// The store over one SQLite file: state, inbox and log of effective writes change together.

package import Model

/// Writes records, each state once and never an older one over a newer one. Owned by one thread;
/// several processes may have the same file open.
package final class SQLiteStore {
  /// How far a commit is forced to the disk.
  package enum Synchronous: String, Sendable {
    /// Survives loss of power; the default.
    case full = "FULL"
    /// Survives a crash of the process; the last commits can be lost with the power.
    case normal = "NORMAL"
  }

  private(set) var open: Open?

  struct Open {
    let connection: Connection
    let statements: WriteStatements
  }

  /// Opens or creates the file, whose folder must exist. `busyTimeoutMs` (default 5 s) bounds the
  /// wait for other processes, so also how long `apply` can block.
  package init(
    path: String, synchronous: Synchronous = .full, busyTimeoutMs: Int32 = 5000
  ) throws(StoreError) {
    let connection = try Connection(path: path, isReader: false, busyTimeoutMs: busyTimeoutMs)
    try connection.configureWriter(synchronous: synchronous)
    try connection.migrate()
    open = Open(connection: connection, statements: try WriteStatements(connection))
  }

  /// Applies the writes in order in one transaction, durable on return, with a result for each. A
  /// write that fails leaves no trace and does not touch its neighbours; when the transaction as a
  /// whole fails, all of them have failed and nothing was written.
  ///
  /// `.written`, `.gone` (a delete that took effect), `.superseded` (as new or newer is there
  /// already), `.duplicate` (this event id was applied before, and nothing has changed since).
  package func apply(_ writes: [RecordWrite]) -> [Result<Outcome, Failure>] {
    guard let open else {
      let error = StoreError(.closed, "the store is closed")
      return writes.map { _ in .failure(error.failure) }
    }
    guard !writes.isEmpty else { return [] }
    let connection = open.connection
    do throws(StoreError) {
      try connection.execute("BEGIN IMMEDIATE", "begin")
      var results: [Result<Outcome, Failure>] = []
      results.reserveCapacity(writes.count)
      for write in writes { results.append(try applyOne(write, open)) }
      try connection.execute("COMMIT", "commit")
      return results
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK", "roll back") }
      return writes.map { _ in .failure(error.failure) }
    }
  }

  /// Folds the log into the file and closes it. Idempotent; `apply` fails from then on.
  package func close() { open = nil }

  /// Throws only when the transaction is lost with the write.
  private func applyOne(
    _ write: RecordWrite, _ open: Open
  ) throws(StoreError) -> Result<Outcome, Failure> {
    try open.statements.savepoint.run([])
    do throws(StoreError) {
      let outcome = try open.statements.apply(write)
      try open.statements.release.run([])
      return .success(outcome)
    } catch {
      // A full disk or a fault of the disk makes SQLite give up the transaction by itself.
      guard open.connection.isInTransaction else { throw error }
      try open.statements.rollback.run([])
      try open.statements.release.run([])
      return .failure(error.failure)
    }
  }
}
