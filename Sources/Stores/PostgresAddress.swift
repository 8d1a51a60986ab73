// Where a PostgreSQL database is: a connection string that was looked at before it is used.

internal import CPostgres

/// How to reach a PostgreSQL database, and how long that may take.
package struct PostgresOptions: Sendable {
  /// A libpq connection string, `postgres://...` or `host=... dbname=...`; TLS as libpq's
  /// `sslmode` and `sslrootcert` say. It holds the password and appears in no error.
  package var dsn: String
  /// For one connection, all of its hosts together; looking up a name is the resolver's own time.
  package var connectTimeoutMs: Int
  /// For one call, all its statements and repetitions together.
  package var statementTimeoutMs: Int

  package init(dsn: String, connectTimeoutMs: Int = 5000, statementTimeoutMs: Int = 15_000) {
    self.dsn = dsn
    self.connectTimeoutMs = connectTimeoutMs
    self.statementTimeoutMs = statementTimeoutMs
  }

  /// Refuses what libpq cannot read, and what it would misread in a way that puts a part of the
  /// password into the host, and from there into errors.
  package func check() throws(StoreError) {
    guard !hasAmbiguousPassword else {
      throw StoreError(
        .badAddress, "the connection string's password has a / or @ that is not percent-encoded")
    }
    var words: UnsafeMutablePointer<CChar>?
    let options = PQconninfoParse(dsn, &words)
    defer {
      PQconninfoFree(options)
      PQfreemem(words)
    }
    // libpq's words quote the string.
    guard options != nil else {
      throw StoreError(.badAddress, "the connection string cannot be read")
    }
  }

  private var hasAmbiguousPassword: Bool {
    guard dsn.hasPrefix("postgres://") || dsn.hasPrefix("postgresql://") else { return false }
    let rest = dsn.drop { $0 != "/" }.dropFirst(2)
    let beforeQuery = rest.prefix { $0 != "?" }
    guard let at = beforeQuery.lastIndex(of: "@") else { return false }
    return beforeQuery[..<at].contains { $0 == "/" || $0 == "@" }
  }
}
