// Claims, echoes and old rows in PostgreSQL.

package import Model

extension PostgresStore {
  package func take(
    _ steps: [ClaimStep], nowMs: Int64
  ) throws(StoreError) -> [ClaimAnswer] {
    guard !steps.isEmpty else { return [] }
    var answers: [ClaimAnswer] = []
    _ = try link.transact(
      deadline, { PostgresClaims(steps) }, { [$0.lockCommand] },
      { claims, _, rows in claims.takeLocked(rows) },
      { claims in
        answers = claims.decide(nowMs: nowMs)
        return claims.changeCommands
      })
    return answers
  }

  package func isOwnChange(
    _ key: RecordKey, _ state: OwnState, sinceMs: Int64
  ) throws(StoreError) -> Bool {
    let (column, value) =
      switch state {
      case .payload(let payload): ("hash", WriteGate.hash(payload))
      case .version(let version): ("version", version)
      }
    var isOwn = false
    try link.connected().run(
      [
        PostgresCommand(
          """
          SELECT EXISTS (SELECT FROM write_log WHERE record_id = $1[1] AND object = $1[2]
            AND tenant = $1[3] AND applied_at >= $2[1] AND NOT deleted AND \(column) = $2[2])
          """,
          [
            PostgresColumn(.text, [key.recordId, key.object, key.tenant]),
            PostgresColumn(integers: [sinceMs, value]),
          ])
      ], deadline: deadline
    ) { _, rows in isOwn = rows.boolean(0, 0) }
    return isOwn
  }

  package func prune(_ limits: PruneLimits) throws(StoreError) -> PruneResult {
    // Rows that somebody works on are left for the next time: no waiting, no deadlock.
    func command(_ table: String, _ old: String, _ beforeMs: Int64) -> PostgresCommand {
      PostgresCommand(
        """
        DELETE FROM \(table) WHERE ctid = ANY (ARRAY(
          SELECT ctid FROM \(table) WHERE \(old) LIMIT $1[2] FOR UPDATE SKIP LOCKED))
        """, [PostgresColumn(integers: [beforeMs, Int64(limits.rowsMax)])])
    }
    let counts = try link.transact(
      deadline, { [Int]() },
      { _ in
        [
          command("inbox", "applied_at < $1[1] ORDER BY applied_at", limits.inboxBeforeMs),
          // Ids rise with time but for what several processes write at once.
          command(
            "write_log",
            """
            id <= (SELECT max(id) FROM (SELECT id FROM write_log ORDER BY id LIMIT $1[2]) oldest)
              AND applied_at < $1[1] ORDER BY id
            """, limits.writeLogBeforeMs),
          command(
            "claims", "state IN (0, 3) AND updated_at < $1[1] ORDER BY updated_at",
            limits.claimsBeforeMs),
        ]
      }, { counts, _, rows in counts.append(rows.affected) }, { _ in [] })
    return PruneResult(
      inbox: counts[0], writeLog: counts[1], claims: counts[2],
      hasMore: counts.contains { $0 >= limits.rowsMax })
  }

  private var deadline: Deadline { Deadline(afterMs: link.options.statementTimeoutMs) }
}
