// Claims, echoes and old rows in SQLite.

internal import Model

/// Prepared statements of a writing connection.
struct ClaimStatements {
  private let find: Statement
  private let put: Statement

  init(_ connection: Connection) throws(StoreError) {
    find = try Statement(
      connection.handle,
      """
      SELECT state, owner, epoch, lease_until, updated_at FROM claims
      WHERE sink = ?1 AND idempotency_key = ?2
      """)
    put = try Statement(
      connection.handle, "INSERT OR REPLACE INTO claims VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
  }

  /// One step, inside a transaction that holds the write lock.
  func take(_ step: ClaimStep, nowMs: Int64) throws(StoreError) -> ClaimAnswer {
    let key: [SQLValue] = [.text(step.key.sink), .text(step.key.idempotencyKey)]
    var row: ClaimRow?
    try find.run(key) { found in
      guard let state = ClaimRow.State(rawValue: found.integer(0)) else { return }
      row = ClaimRow(
        state: state, owner: found.text(1), epoch: found.integer(2),
        leaseUntilMs: found.integer(3), updatedAtMs: found.integer(4))
    }
    let old = row
    let answer = ClaimGate.take(step, on: &row, nowMs: nowMs)
    if let row, row != old {
      try put.run(
        key + [
          .integer(row.state.rawValue), .text(row.owner), .integer(row.epoch),
          .integer(row.leaseUntilMs), .integer(row.updatedAtMs),
        ])
    }
    return answer
  }
}

extension Connection {
  func isOwnChange(
    _ key: RecordKey, _ state: OwnState, sinceMs: Int64
  ) throws(StoreError) -> Bool {
    let (column, value) =
      switch state {
      case .payload(let payload): ("hash", WriteGate.hash(payload))
      case .version(let version): ("version", version)
      }
    var isOwn = false
    try Statement(
      handle,
      """
      SELECT 1 FROM write_log WHERE record_id = ?1 AND object = ?2 AND tenant = ?3
        AND applied_at >= ?4 AND deleted = 0 AND \(column) = ?5 LIMIT 1
      """
    ).run([
      .text(key.recordId), .text(key.object), .text(key.tenant), .integer(sinceMs),
      .integer(value),
    ]) { _ in isOwn = true }
    return isOwn
  }

  /// Inside a transaction.
  func prune(_ limits: PruneLimits) throws(StoreError) -> PruneResult {
    func delete(
      _ table: String, _ id: String, _ old: String, _ beforeMs: Int64
    ) throws(StoreError) -> Int {
      try Statement(
        handle,
        """
        DELETE FROM \(table) WHERE (\(id)) IN (SELECT \(id) FROM \(table) WHERE \(old) LIMIT ?2)
        """
      ).run([.integer(beforeMs), .integer(Int64(limits.rowsMax))])
      return changes
    }
    let inbox = try delete(
      "inbox", "event_id", "applied_at < ?1 ORDER BY applied_at", limits.inboxBeforeMs)
    // Ids rise with time.
    let writeLog = try delete(
      "write_log", "id",
      """
      id <= (SELECT max(id) FROM (SELECT id FROM write_log ORDER BY id LIMIT ?2))
        AND applied_at < ?1 ORDER BY id
      """, limits.writeLogBeforeMs)
    let claims = try delete(
      "claims", "sink, idempotency_key",
      "state IN (0, 3) AND updated_at < ?1 ORDER BY updated_at", limits.claimsBeforeMs)
    return PruneResult(
      inbox: inbox, writeLog: writeLog, claims: claims,
      hasMore: max(inbox, writeLog, claims) >= limits.rowsMax)
  }
}
