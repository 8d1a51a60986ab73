// The store over one SQLite file: state, inbox and log of effective writes change together.

package import Model

/// Writes records. Several processes may have the same file open.
package final class SQLiteStore: RecordStore {
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
    let claims: ClaimStatements
  }

  /// Opens or creates the file, whose folder must exist. `busyTimeoutMs` (default 5 s) bounds the
  /// wait for other processes, so also how long `apply` can block.
  package init(
    path: String, synchronous: Synchronous = .full, busyTimeoutMs: Int32 = 5000
  ) throws(StoreError) {
    let connection = try Connection(path: path, isReader: false, busyTimeoutMs: busyTimeoutMs)
    try connection.configureWriter(synchronous: synchronous)
    try connection.migrate()
    open = Open(
      connection: connection, statements: try WriteStatements(connection),
      claims: try ClaimStatements(connection))
  }

  /// All in one transaction; when it fails as a whole, nothing was written.
  package func apply(_ writes: [RecordWrite]) -> [Result<Outcome, Failure>] {
    guard !writes.isEmpty else { return [] }
    do throws(StoreError) {
      return try transact { open throws(StoreError) in
        var results: [Result<Outcome, Failure>] = []
        results.reserveCapacity(writes.count)
        for write in writes { results.append(try applyOne(write, open)) }
        return results
      }
    } catch {
      return writes.map { _ in .failure(error.failure) }
    }
  }

  package func take(
    _ steps: [ClaimStep], nowMs: Int64
  ) throws(StoreError) -> [ClaimAnswer] {
    guard !steps.isEmpty else { return [] }
    return try transact { open throws(StoreError) in
      var answers: [ClaimAnswer] = []
      for step in steps { answers.append(try open.claims.take(step, nowMs: nowMs)) }
      return answers
    }
  }

  package func isOwnChange(
    _ key: RecordKey, _ state: OwnState, sinceMs: Int64
  ) throws(StoreError) -> Bool {
    guard let open else { throw StoreError(.closed, "the store is closed") }
    return try open.connection.isOwnChange(key, state, sinceMs: sinceMs)
  }

  package func prune(_ limits: PruneLimits) throws(StoreError) -> PruneResult {
    try transact { open throws(StoreError) in try open.connection.prune(limits) }
  }

  /// Folds the log into the file and closes it. Idempotent; `apply` fails from then on.
  package func close() { open = nil }

  /// One transaction that holds the write lock from its beginning.
  private func transact<T>(_ body: (Open) throws(StoreError) -> T) throws(StoreError) -> T {
    guard let open else { throw StoreError(.closed, "the store is closed") }
    let connection = open.connection
    do throws(StoreError) {
      try connection.execute("BEGIN IMMEDIATE", "begin")
      let result = try body(open)
      try connection.execute("COMMIT", "commit")
      return result
    } catch {
      if connection.isInTransaction { try? connection.execute("ROLLBACK", "roll back") }
      throw error
    }
  }

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
