// Steps on claims in one transaction of PostgreSQL, as `PostgresBatch` does it for records.

/// The decisions on a list of steps.
struct PostgresClaims {
  private struct ExactClaim: Hashable {
    let sink: ExactText
    let idempotencyKey: ExactText

    init(_ key: ClaimKey) {
      sink = ExactText(key.sink)
      idempotencyKey = ExactText(key.idempotencyKey)
    }
  }

  private let steps: [ClaimStep]
  private var stored: [ExactClaim: ClaimRow] = [:]
  private var rows: [ExactClaim: ClaimRow] = [:]

  init(_ steps: [ClaimStep]) { self.steps = steps }

  /// Locks the rows that are there, in the order of their keys.
  var lockCommand: PostgresCommand {
    PostgresCommand(
      """
      SELECT k.n, c.state, c.owner, c.epoch, c.lease_until, c.updated_at
      FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (sink, idempotency_key, n)
      JOIN claims c ON c.sink = k.sink AND c.idempotency_key = k.idempotency_key
      ORDER BY c.sink, c.idempotency_key FOR NO KEY UPDATE OF c
      """,
      [
        PostgresColumn(.text, steps.lazy.map(\.key.sink)),
        PostgresColumn(.text, steps.lazy.map(\.key.idempotencyKey)),
      ])
  }

  mutating func takeLocked(_ found: PostgresRows) {
    for index in 0..<found.count {
      let key = ExactClaim(steps[Int(found.integer(index, 0)) - 1].key)
      guard let state = ClaimRow.State(rawValue: found.integer(index, 1)) else { continue }
      stored[key] = ClaimRow(
        state: state, owner: found.text(index, 2), epoch: found.integer(index, 3),
        leaseUntilMs: found.integer(index, 4), updatedAtMs: found.integer(index, 5))
    }
  }

  mutating func decide(nowMs: Int64) -> [ClaimAnswer] {
    rows = stored
    return steps.map { step in
      ClaimGate.take(step, on: &rows[ExactClaim(step.key)], nowMs: nowMs)
    }
  }

  /// Rows that somebody else has inserted since break the primary key, and all begins anew.
  var changeCommands: [PostgresCommand] {
    let arrays =
      """
      unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
        $7::bigint[]) AS k (sink, idempotency_key, state, owner, epoch, lease_until, updated_at)
      """
    let inserted = rows.filter { stored[$0.key] == nil }
    let updated = rows.filter { stored[$0.key] != nil && stored[$0.key] != $0.value }
    var commands: [PostgresCommand] = []
    if !inserted.isEmpty {
      commands.append(
        PostgresCommand(
          """
          INSERT INTO claims SELECT * FROM \(arrays)
          ORDER BY sink COLLATE "C", idempotency_key COLLATE "C"
          """, Self.columns(inserted)))
    }
    if !updated.isEmpty {
      commands.append(
        PostgresCommand(
          """
          UPDATE claims c SET state = k.state, owner = k.owner, epoch = k.epoch,
            lease_until = k.lease_until, updated_at = k.updated_at
          FROM \(arrays) WHERE c.sink = k.sink AND c.idempotency_key = k.idempotency_key
          """, Self.columns(updated)))
    }
    return commands
  }

  private static func columns(_ rows: [ExactClaim: ClaimRow]) -> [PostgresColumn] {
    var texts = (0..<3).map { _ in PostgresColumn(.text) }
    var numbers = (0..<4).map { _ in PostgresColumn(.integer) }
    for (key, row) in rows {
      texts[0].append(key.sink.text)
      texts[1].append(key.idempotencyKey.text)
      texts[2].append(row.owner)
      numbers[0].append(row.state.rawValue)
      numbers[1].append(row.epoch)
      numbers[2].append(row.leaseUntilMs)
      numbers[3].append(row.updatedAtMs)
    }
    return [texts[0], texts[1], numbers[0], texts[2], numbers[1], numbers[2], numbers[3]]
  }
}
