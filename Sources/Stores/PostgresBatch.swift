// Writes of one transaction in PostgreSQL: lock and read, decide here, write what is left.

internal import Model

/// The decisions on a list of writes. The database is asked twice: for the rows that are there,
/// under locks, and to store the end state of each row. In between `WriteGate` decides write by
/// write, each one seeing what those before it did.
struct PostgresBatch {
  private struct Row {
    var gate: GateState
    /// Nil where it is known to differ from every payload of the batch.
    var payload: [UInt8]?
    var hash: Int64?
    var eventId = ""
    var updatedAtMs: Int64 = 0
    /// It was in the database before.
    var isStored: Bool
    var change = Change.unchanged
  }

  private enum Change { case unchanged, advanced, replaced }

  private struct Settled {
    let write: RecordWrite
    let outcome: Outcome
  }

  private struct Logged {
    let write: RecordWrite
    let version: Int64
    let hash: Int64?
  }

  private let writes: [RecordWrite]
  private let hashes: [Int64?]
  private var rows: [ExactKey: Row] = [:]
  private var known: Set<ExactText> = []
  private var inbox: [ExactText: Settled] = [:]
  private var log: [Logged] = []

  init(_ writes: [RecordWrite]) {
    self.writes = writes
    hashes = writes.map {
      if case .upsert(let payload) = $0.change { WriteGate.hash(payload) } else { nil }
    }
  }

  // MARK: Reading

  /// Locks the rows that are there, in the order of their keys so that two batches cannot wait for
  /// each other. A payload comes back only where its hash is the write's.
  var lockCommand: PostgresCommand {
    var hashColumn = PostgresColumn(.integer)
    for hash in hashes { hashColumn.append(hash) }
    return PostgresCommand(
      """
      SELECT k.n, r.version, r.seq, r.deleted, r.hash, CASE WHEN r.hash = k.hash THEN r.payload END
      FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) WITH ORDINALITY
        AS k (tenant, object, record_id, hash, n)
      JOIN records r ON r.tenant = k.tenant AND r.object = k.object AND r.record_id = k.record_id
      ORDER BY r.tenant, r.object, r.record_id FOR NO KEY UPDATE OF r
      """, Self.keyColumns(writes.map(\.key)) + [hashColumn])
  }

  /// To be run after the locks are held: what a concurrent batch did to these rows is then seen.
  var inboxCommand: PostgresCommand {
    var ids = PostgresColumn(.text)
    for write in writes {
      ids.append(write.eventId)
      for id in write.alsoEventIds { ids.append(id) }
    }
    return PostgresCommand("SELECT event_id FROM inbox WHERE event_id = ANY ($1::text[])", [ids])
  }

  mutating func takeLocked(_ found: PostgresRows) {
    for index in 0..<found.count {
      let number = Int(found.integer(index, 0)) - 1
      let key = ExactKey(writes[number].key)
      var row =
        rows[key]
        ?? Row(
          gate: GateState(
            version: found.integer(index, 1), seq: found.integer(index, 2),
            isDeleted: found.boolean(index, 3)),
          isStored: true)
      row.hash = found.isNull(index, 4) ? nil : found.integer(index, 4)
      row.payload = row.payload ?? found.blob(index, 5)
      rows[key] = row
    }
  }

  mutating func takeKnown(_ found: PostgresRows) {
    for index in 0..<found.count { known.insert(ExactText(found.text(index, 0))) }
  }

  // MARK: Deciding

  /// An outcome for each write.
  mutating func decide() -> [Outcome] {
    writes.indices.map { index in
      let write = writes[index]
      let ids = [ExactText(write.eventId)] + write.alsoEventIds.map { ExactText($0) }
      let isKnown = known.isSuperset(of: ids)
      if isKnown, write.carriesEvent { return .duplicate }
      let outcome: Outcome =
        switch change(write, hashes[index]) {
        case .write: .written
        case .delete: .gone
        case .advance, .keep: isKnown ? .duplicate : .superseded
        }
      if outcome == .duplicate { return outcome }
      for id in ids {
        known.insert(id)
        inbox[id] = Settled(write: write, outcome: outcome)
      }
      return outcome
    }
  }

  private mutating func change(_ write: RecordWrite, _ hash: Int64?) -> GateVerdict {
    let key = ExactKey(write.key)
    let old = rows[key]
    let verdict: GateVerdict
    var payload: [UInt8]?
    switch write.change {
    case .upsert(let new):
      payload = new
      verdict = WriteGate.verdict(
        upsert: write.version, seq: write.observedAtUs, over: old?.gate,
        hasEqualPayload: old?.hash == hash && old?.payload == new)
    case .delete: verdict = WriteGate.verdict(deleteSeq: write.observedAtUs, over: old?.gate)
    }
    guard verdict != .keep else { return verdict }
    let version = max(old?.gate.version ?? write.version, write.version)
    let gate = GateState(
      version: verdict == .write ? write.version : version, seq: write.observedAtUs,
      isDeleted: verdict == .advance ? old?.gate.isDeleted ?? false : verdict == .delete)
    if verdict == .advance {
      rows[key]?.gate = gate
      if old?.change == .unchanged { rows[key]?.change = .advanced }
      return verdict
    }
    rows[key] = Row(
      gate: gate, payload: payload, hash: hash, eventId: write.eventId,
      updatedAtMs: write.appliedAtMs, isStored: old?.isStored ?? false, change: .replaced)
    log.append(Logged(write: write, version: gate.version, hash: hash))
    return verdict
  }

  // MARK: Writing

  /// What is to be stored; empty when nothing changed. A row that somebody else has inserted since
  /// breaks the primary key, and the batch begins anew.
  var changeCommands: [PostgresCommand] {
    var commands: [PostgresCommand] = []
    let changed = rows.filter { $0.value.change != .unchanged }
    let inserted = changed.filter { !$0.value.isStored }
    let replaced = changed.filter { $0.value.isStored && $0.value.change == .replaced }
    let advanced = changed.filter { $0.value.isStored && $0.value.change == .advanced }
    if !inserted.isEmpty {
      commands.append(PostgresCommand(Self.insertRecords, Self.columns(inserted)))
    }
    if !replaced.isEmpty {
      commands.append(PostgresCommand(Self.replaceRecords, Self.columns(replaced)))
    }
    if !advanced.isEmpty {
      commands.append(
        PostgresCommand(Self.advanceRecords, Array(Self.columns(advanced).prefix(5))))
    }
    if !inbox.isEmpty { commands.append(inboxInsert) }
    if !log.isEmpty { commands.append(logInsert) }
    return commands
  }

  private var inboxInsert: PostgresCommand {
    var ids = PostgresColumn(.text)
    var outcomes = PostgresColumn(.text)
    var times = PostgresColumn(.integer)
    for (id, settled) in inbox {
      ids.append(id.text)
      outcomes.append(settled.outcome.storedName)
      times.append(settled.write.appliedAtMs)
    }
    let keys = Self.keyColumns(inbox.values.map(\.write.key))
    return PostgresCommand(
      """
      INSERT INTO inbox
      SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
        AS k (event_id, tenant, object, record_id, outcome, applied_at)
      ORDER BY event_id COLLATE "C"
      ON CONFLICT (event_id) DO UPDATE SET tenant = excluded.tenant, object = excluded.object,
        record_id = excluded.record_id, outcome = excluded.outcome,
        applied_at = excluded.applied_at
      """, [ids] + keys + [outcomes, times])
  }

  private var logInsert: PostgresCommand {
    var (versions, seqs) = (PostgresColumn(.integer), PostgresColumn(.integer))
    var (deletes, hashes) = (PostgresColumn(.boolean), PostgresColumn(.integer))
    var (events, times) = (PostgresColumn(.text), PostgresColumn(.integer))
    for row in log {
      versions.append(row.version)
      seqs.append(row.write.observedAtUs)
      deletes.append(row.write.change == .delete)
      hashes.append(row.hash)
      events.append(row.write.eventId)
      times.append(row.write.appliedAtMs)
    }
    return PostgresCommand(
      """
      INSERT INTO write_log
        (tenant, object, record_id, version, seq, deleted, hash, event_id, applied_at)
      SELECT tenant, object, record_id, version, seq, deleted, hash, event_id, applied_at
      FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[],
        $7::bigint[], $8::text[], $9::bigint[]) WITH ORDINALITY
        AS k (tenant, object, record_id, version, seq, deleted, hash, event_id, applied_at, n)
      ORDER BY n
      """,
      Self.keyColumns(log.map(\.write.key)) + [versions, seqs, deletes, hashes, events, times])
  }

  /// Key, version, seq, deleted, hash, payload, event and time, in the order of `records`.
  private static func columns(_ rows: [ExactKey: Row]) -> [PostgresColumn] {
    var (versions, seqs) = (PostgresColumn(.integer), PostgresColumn(.integer))
    var (deletes, hashes) = (PostgresColumn(.boolean), PostgresColumn(.integer))
    var (payloads, events) = (PostgresColumn(.blob), PostgresColumn(.text))
    var times = PostgresColumn(.integer)
    var keys = (0..<3).map { _ in PostgresColumn(.text) }
    for (key, row) in rows {
      keys[0].append(key.tenant.text)
      keys[1].append(key.object.text)
      keys[2].append(key.recordId.text)
      versions.append(row.gate.version)
      seqs.append(row.gate.seq)
      deletes.append(row.gate.isDeleted)
      hashes.append(row.hash)
      payloads.append(row.payload)
      events.append(row.eventId)
      times.append(row.updatedAtMs)
    }
    return keys + [versions, seqs, deletes, hashes, payloads, events, times]
  }

  private static func keyColumns(_ keys: [RecordKey]) -> [PostgresColumn] {
    [
      PostgresColumn(.text, keys.lazy.map(\.tenant)),
      PostgresColumn(.text, keys.lazy.map(\.object)),
      PostgresColumn(.text, keys.lazy.map(\.recordId)),
    ]
  }

  private static let arrays =
    """
    unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::boolean[],
      $7::bigint[], $8::bytea[], $9::text[], $10::bigint[])
      AS k (tenant, object, record_id, version, seq, deleted, hash, payload, event_id, updated_at)
    """

  private static let insertRecords =
    """
    INSERT INTO records SELECT * FROM \(arrays)
    ORDER BY tenant COLLATE "C", object COLLATE "C", record_id COLLATE "C"
    """

  // The gate has decided already, under the same locks; that the rule stands here as well keeps
  // the statements safe by themselves.
  private static let replaceRecords =
    """
    UPDATE records r SET version = k.version, seq = k.seq, deleted = k.deleted, hash = k.hash,
      payload = k.payload, event_id = k.event_id, updated_at = k.updated_at
    FROM \(arrays)
    WHERE r.tenant = k.tenant AND r.object = k.object AND r.record_id = k.record_id
      AND (k.version, k.seq) >= (r.version, r.seq)
    """

  private static let advanceRecords =
    """
    UPDATE records r SET version = k.version, seq = k.seq
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
      AS k (tenant, object, record_id, version, seq)
    WHERE r.tenant = k.tenant AND r.object = k.object AND r.record_id = k.record_id
      AND (k.version, k.seq) >= (r.version, r.seq)
    """
}
