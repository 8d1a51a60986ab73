// A store of each kind with a database of its own, and what tests do to it behind its back.

import CSQLite
import Foundation
import Model
import PostgresTestSupport
import Testing

@testable import Stores

/// The kinds of store that one suite is run against.
enum Backend: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case sqlite, postgres

  var testDescription: String { rawValue }
}

/// One cluster for the whole process, started when it is asked for first; it ends with the process.
enum SharedCluster {
  private static let started = Result { try PostgresCluster() }
  static var cluster: PostgresCluster { get throws { try started.get() } }

  /// A connection string to an empty schema.
  static func freshDSN() throws -> String {
    let cluster = try cluster
    let schema = "t_\(UUID().uuidString.prefix(8).lowercased())"
    try execute("CREATE SCHEMA \(schema)", at: cluster.dsn(schema: "public"))
    return cluster.dsn(schema: schema)
  }

  /// Runs SQL on a connection of its own.
  static func execute(_ sql: String..., at dsn: String) throws {
    try session(at: dsn).run(
      sql.map { PostgresCommand($0) }, deadline: Deadline(afterMs: 20_000))
  }

  static func session(at dsn: String) throws -> PostgresSession {
    try PostgresSession(dsn: dsn, deadline: Deadline(afterMs: 20_000))
  }
}

/// A store with a reader beside it.
final class StoreRig {
  let backend: Backend
  /// The file's path or the connection string.
  let place: String
  private let scratch: Scratch?
  private var opened: (store: any RecordStore, reader: any RecordReader)?

  /// `isFresh`: nobody opens the database yet.
  init(_ backend: Backend, isFresh: Bool = false) throws {
    self.backend = backend
    switch backend {
    case .sqlite:
      let scratch = try Scratch()
      self.scratch = scratch
      place = scratch.path
    case .postgres:
      scratch = nil
      place = try SharedCluster.freshDSN()
    }
    if !isFresh { opened = (try openStore(), try openReader()) }
  }

  deinit { opened?.store.close() }

  var store: any RecordStore {
    guard let opened else { preconditionFailure("StoreRig.store: made with isFresh") }
    return opened.store
  }

  var reader: any RecordReader {
    guard let opened else { preconditionFailure("StoreRig.reader: made with isFresh") }
    return opened.reader
  }

  func apply(_ writes: RecordWrite...) -> [Outcome] { outcomes(store.apply(writes)) }

  func openStore() throws -> any RecordStore { try Self.openStore(at: place) }

  func openReader() throws -> any RecordReader {
    switch backend {
    case .sqlite: try StoreReader(path: place)
    case .postgres: try PostgresReader(PostgresOptions(dsn: place))
    }
  }

  static func openStore(at place: String) throws -> any RecordStore {
    if place.hasPrefix("/") {
      try SQLiteStore(path: place, synchronous: .normal, busyTimeoutMs: 20_000)
    } else {
      try PostgresStore(PostgresOptions(dsn: place))
    }
  }

  /// As a constraint would that somebody added.
  func refuseChanges(ofRecord id: String) throws {
    switch backend {
    case .sqlite:
      try execute(
        """
        CREATE TRIGGER refuse BEFORE INSERT ON write_log WHEN NEW.record_id = '\(id)'
        BEGIN SELECT RAISE(ABORT, 'no'); END
        """)
    case .postgres:
      try SharedCluster.execute(
        """
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'no'; END $$
        """,
        """
        CREATE TRIGGER refuse BEFORE INSERT ON write_log FOR EACH ROW
        WHEN (NEW.record_id = '\(id)') EXECUTE FUNCTION refuse()
        """, at: place)
    }
  }

  private func execute(_ sql: String) throws {
    var other: OpaquePointer?
    #expect(sqlite3_open(place, &other) == SQLITE_OK)
    defer { sqlite3_close(other) }
    #expect(sqlite3_exec(other, sql, nil, nil, nil) == SQLITE_OK, "\(sql)")
  }
}
