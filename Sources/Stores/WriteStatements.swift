// The statements of one write, prepared once, and their order.

internal import Model

/// Prepared statements of a writing connection.
struct WriteStatements {
  let savepoint: Statement
  let release: Statement
  let rollback: Statement
  private let findEvent: Statement
  private let insertEvent: Statement
  private let findRecord: Statement
  private let putRecord: Statement
  private let advanceRecord: Statement
  private let deleteRecord: Statement
  private let log: Statement

  init(_ connection: Connection) throws(StoreError) {
    func prepare(_ sql: String) throws(StoreError) -> Statement {
      try Statement(connection.handle, sql)
    }
    savepoint = try prepare("SAVEPOINT one")
    release = try prepare("RELEASE one")
    rollback = try prepare("ROLLBACK TO one")
    findEvent = try prepare("SELECT 1 FROM inbox WHERE event_id = ?1")
    insertEvent = try prepare("INSERT OR REPLACE INTO inbox VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
    findRecord = try prepare(
      """
      SELECT version, seq, deleted, hash, payload FROM records
      WHERE tenant = ?1 AND object = ?2 AND record_id = ?3
      """)
    // The gate has decided already, under the same lock; that the rule stands here as well keeps
    // the statement safe by itself.
    putRecord = try prepare(
      """
      INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7, ?8, ?9)
      ON CONFLICT DO UPDATE SET version = excluded.version, seq = excluded.seq, deleted = 0,
        hash = excluded.hash, payload = excluded.payload, event_id = excluded.event_id,
        updated_at = excluded.updated_at
      WHERE (excluded.version, excluded.seq) > (records.version, records.seq)
        AND (records.deleted = 0 OR excluded.seq > records.seq)
      """)
    advanceRecord = try prepare(
      """
      UPDATE records SET version = max(version, ?4), seq = ?5
      WHERE tenant = ?1 AND object = ?2 AND record_id = ?3
      """)
    deleteRecord = try prepare(
      """
      INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, 1, NULL, NULL, ?6, ?7)
      ON CONFLICT DO UPDATE SET version = max(records.version, excluded.version),
        seq = excluded.seq, deleted = 1, hash = NULL, payload = NULL,
        event_id = excluded.event_id, updated_at = excluded.updated_at
      WHERE records.deleted = 0 AND excluded.seq >= records.seq
      """)
    log = try prepare(
      """
      INSERT INTO write_log
        (tenant, object, record_id, version, seq, deleted, event_id, applied_at, hash)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """)
  }

  /// One write, inside a transaction that holds the write lock.
  func apply(_ write: RecordWrite) throws(StoreError) -> Outcome {
    var isKnown = try isKnown(write.eventId)
    for id in write.alsoEventIds where isKnown { isKnown = try self.isKnown(id) }
    let key: [SQLValue] = [
      .text(write.key.tenant), .text(write.key.object), .text(write.key.recordId),
    ]
    if isKnown, write.carriesEvent { return .duplicate }
    // A known event may still bring a newer state: the row was lost or rolled back, or the source
    // changed again. State decides; the inbox only tells a repeat from news.
    let outcome: Outcome =
      switch try change(write, key) {
      case .write: .written
      case .delete: .gone
      case .advance, .keep: isKnown ? .duplicate : .superseded
      }
    if outcome == .duplicate { return outcome }
    let rest = key + [.text(outcome.storedName), .integer(write.appliedAtMs)]
    try insertEvent.run([.text(write.eventId)] + rest)
    for id in write.alsoEventIds { try insertEvent.run([.text(id)] + rest) }
    return outcome
  }

  private func isKnown(_ eventId: String) throws(StoreError) -> Bool {
    var isKnown = false
    try findEvent.run([.text(eventId)]) { _ in isKnown = true }
    return isKnown
  }

  private func change(_ write: RecordWrite, _ key: [SQLValue]) throws(StoreError) -> GateVerdict {
    var state: GateState?
    var hasEqualPayload = false
    var hash: Int64 = 0
    if case .upsert(let payload) = write.change { hash = WriteGate.hash(payload) }
    try findRecord.run(key) { row in
      state = GateState(
        version: row.integer(0), seq: row.integer(1), isDeleted: row.integer(2) != 0)
      if case .upsert(let payload) = write.change {
        hasEqualPayload = row.integer(3) == hash && row.isEqual(4, payload)
      }
    }
    let place: [SQLValue] = key + [.integer(write.version), .integer(write.observedAtUs)]
    let mark: [SQLValue] = [.text(write.eventId), .integer(write.appliedAtMs)]
    let verdict: GateVerdict
    switch write.change {
    case .upsert(let payload):
      verdict = WriteGate.verdict(
        upsert: write.version, seq: write.observedAtUs, over: state,
        hasEqualPayload: hasEqualPayload)
      if verdict == .write {
        try putRecord.run(place + [.integer(hash), .blob(payload)] + mark)
      }
    case .delete:
      verdict = WriteGate.verdict(deleteSeq: write.observedAtUs, over: state)
      if verdict == .delete { try deleteRecord.run(place + mark) }
    }
    switch verdict {
    case .write: try log.run(place + [.integer(0)] + mark + [.integer(hash)])
    case .delete:
      let version = max(state?.version ?? write.version, write.version)
      let place = key + [.integer(version), .integer(write.observedAtUs)]
      try log.run(place + [.integer(1)] + mark + [.null])
    case .advance: try advanceRecord.run(place)
    case .keep: break
    }
    return verdict
  }
}
