// From a sink's settings to its database.
package import Settings
package import Stores

package enum SinkStore {
  /// Opens or creates the database. A PostgreSQL server that is away is no error; what can only be
  /// mended by a person is.
  package static func open(_ sink: SinkSettings) throws(StoreError) -> any RecordStore {
    switch sink.kind {
    case .sqlite(let path): try SQLiteStore(path: path)
    case .postgres: try PostgresStore(options(sink))
    }
  }

  /// The same, and the server must be there.
  package static func check(_ sink: SinkSettings) throws(StoreError) {
    switch sink.kind {
    case .sqlite(let path): try SQLiteStore(path: path).close()
    case .postgres: try PostgresStore.check(options(sink))
    }
  }

  private static func options(_ sink: SinkSettings) -> PostgresOptions {
    PostgresOptions(
      dsn: sink.postgres?.reveal() ?? "", connectTimeoutMs: sink.connectTimeoutMs,
      statementTimeoutMs: sink.statementTimeoutMs)
  }
}
