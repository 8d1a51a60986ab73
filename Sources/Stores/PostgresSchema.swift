// PostgreSQL's tables. They are made in the first schema of the search path.

/// `steps[n]` leads from version n to n + 1 and is never changed once released.
enum PostgresSchema {
  static var version: Int64 { Int64(steps.count) }

  /// "HKFY": of several processes one migrates and the others wait.
  private static let lock: Int64 = 0x484B_4659

  static let steps: [[String]] = [
    [
      // Keys compare by their bytes, as they do in Kafka, whatever the database's collation.
      """
      CREATE TABLE records (
        tenant text COLLATE "C" NOT NULL, object text COLLATE "C" NOT NULL,
        record_id text COLLATE "C" NOT NULL,
        version bigint NOT NULL, seq bigint NOT NULL, deleted boolean NOT NULL,
        hash bigint, payload bytea, event_id text NOT NULL, updated_at bigint NOT NULL,
        CONSTRAINT records_pkey PRIMARY KEY (tenant, object, record_id)
      )
      """,
      """
      CREATE TABLE inbox (
        event_id text COLLATE "C" CONSTRAINT inbox_pkey PRIMARY KEY, tenant text NOT NULL,
        object text NOT NULL, record_id text NOT NULL, outcome text NOT NULL,
        applied_at bigint NOT NULL
      )
      """,
      "CREATE INDEX inbox_by_age ON inbox (applied_at)",
      """
      CREATE TABLE write_log (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT write_log_pkey PRIMARY KEY,
        tenant text COLLATE "C" NOT NULL, object text COLLATE "C" NOT NULL,
        record_id text COLLATE "C" NOT NULL,
        version bigint NOT NULL, seq bigint NOT NULL, deleted boolean NOT NULL, hash bigint,
        event_id text NOT NULL, applied_at bigint NOT NULL
      )
      """,
      "CREATE INDEX write_log_by_record ON write_log (record_id, object, tenant, id)",
      """
      CREATE TABLE claims (
        sink text COLLATE "C" NOT NULL, idempotency_key text COLLATE "C" NOT NULL,
        state bigint NOT NULL, owner text NOT NULL, epoch bigint NOT NULL,
        lease_until bigint NOT NULL, updated_at bigint NOT NULL,
        CONSTRAINT claims_pkey PRIMARY KEY (sink, idempotency_key)
      )
      """,
      "CREATE INDEX claims_by_age ON claims (updated_at) WHERE state IN (0, 3)",
    ]
  ]

  /// Brings the schema to `version`, unless it is there; refuses one of a newer program.
  static func prepare(_ session: PostgresSession, _ deadline: Deadline) throws(StoreError) {
    guard try installed(session, deadline) < version else { return }
    do throws(StoreError) {
      try session.run(
        [
          PostgresCommand("BEGIN ISOLATION LEVEL READ COMMITTED"),
          PostgresCommand("SELECT pg_advisory_xact_lock(\(lock))"),
        ], deadline: deadline)
      // Another process may have been faster.
      let from = try installed(session, deadline)
      var commands = steps.dropFirst(Int(from)).flatMap { $0 }
      if from == 0 {
        commands.append("CREATE TABLE hookferry_schema (version bigint NOT NULL)")
        commands.append("INSERT INTO hookferry_schema VALUES (\(version))")
      } else {
        commands.append("UPDATE hookferry_schema SET version = \(version)")
      }
      try session.run((commands + ["COMMIT"]).map { PostgresCommand($0) }, deadline: deadline)
    } catch {
      session.rollBack(deadline)
      throw error
    }
  }

  /// For readers: the tables must be there.
  static func require(_ session: PostgresSession, _ deadline: Deadline) throws(StoreError) {
    guard try installed(session, deadline) == version else {
      throw StoreError(.cannotOpen, "no store was made in this schema of the database")
    }
  }

  /// The version that is there, 0 in an empty schema. Throws when it is a newer program's. The
  /// catalog's rows are asked, since a name that was looked up in vain, as by to_regclass, is
  /// remembered by the server until the transaction ends.
  static func installed(
    _ session: PostgresSession, _ deadline: Deadline
  ) throws(StoreError) -> Int64 {
    var schema: String?
    var hasTable = false
    try session.run(
      [
        PostgresCommand(
          """
          SELECT current_schema()::text, EXISTS (
            SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = current_schema() AND c.relname = 'hookferry_schema')
          """)
      ], deadline: deadline
    ) { _, rows in
      if !rows.isNull(0, 0) { schema = rows.text(0, 0) }
      hasTable = rows.boolean(0, 1)
    }
    guard schema != nil else {
      throw StoreError(.unknownDatabase, "no schema of the search path exists in the database")
    }
    guard hasTable else { return 0 }
    var found: Int64 = 0
    try session.run(
      [PostgresCommand("SELECT version FROM hookferry_schema")], deadline: deadline
    ) { _, rows in
      if rows.count > 0 { found = rows.integer(0, 0) }
    }
    guard found <= version else {
      throw StoreError(
        .newerSchema, "the database has schema \(found), this program knows up to \(version)")
    }
    return found
  }
}
