// Where records are written to, and how long what is remembered of them is kept.

extension Catalogue {
  private static let dayMs = 86_400_000
  private static let keepMs = 3_600_000...(3650 * 86_400_000)

  static let sink: [Entry<SinkSettings>] = [
    .optionalText(
      "sqlite", \.sqlite, .any,
      "The path of a SQLite database file; it is created. Either this or `postgres`."),
    .optionalSecret(
      "postgres", \.postgres, neededBy: .consumer,
      "The connection string of a PostgreSQL database, `env:NAME` of "
        + "`postgres://user:password@host/database?sslmode=verify-full` or libpq's other form; the "
        + "tables are created in the first schema of the search path."),
    .integer(
      "connect_timeout_ms", \.connectTimeoutMs, default: 5000, 100...60_000, .milliseconds,
      "How long connecting to PostgreSQL may take, all hosts together."),
    .integer(
      "statement_timeout_ms", \.statementTimeoutMs, default: 15_000, 100...300_000,
      .milliseconds, "How long one batch of writes may take in PostgreSQL."),
    .integer(
      "inbox_keep_ms", \.inboxKeepMs, default: 7 * dayMs, keepMs, .milliseconds,
      "How long the ids of applied events are kept: at least as long as Kafka keeps the events, "
        + "`retention.ms` of the topic and `segment.ms` together where old events are replayed."),
    .integer(
      "write_log_keep_ms", \.writeLogKeepMs, default: 30 * dayMs, keepMs, .milliseconds,
      "How long the log of effective changes is kept."),
    .integer(
      "claims_keep_ms", \.claimsKeepMs, default: 7 * dayMs, keepMs, .milliseconds,
      "How long requests that are done are remembered, so that they are not sent again."),
  ]
}
