// One connection to PostgreSQL: commands go out in a pipeline, and nothing waits for ever.

internal import CPostgres
internal import Glibc

/// A connection in pipeline mode. Used by one thread at a time.
final class PostgresSession {
  private let connection: OpaquePointer
  /// The server's process, for tests that end it.
  var serverProcess: Int32 { PQbackendPID(connection) }
  /// No further use: the connection is lost, or in the middle of something that took too long.
  private(set) var isBroken = false

  /// Connects and logs in.
  init(dsn: String, deadline: Deadline) throws(StoreError) {
    let words = ["dbname", "client_encoding", "fallback_application_name"]
    let values = [dsn, "UTF8", "hookferry"]
    guard let connection = Self.start(words, values) else {
      throw StoreError(.io, "no memory for a connection")
    }
    self.connection = connection
    // Otherwise the server's notices go to standard error.
    PQsetNoticeReceiver(connection, { _, _ in }, nil)
    // With the SQLSTATE of a refused log-in.
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    var step = PGRES_POLLING_WRITING
    while step != PGRES_POLLING_OK {
      guard step != PGRES_POLLING_FAILED, PQstatus(connection) != CONNECTION_BAD else {
        throw StoreError(refused: connection)
      }
      try wait(step == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, "connect")
      step = PQconnectPoll(connection)
    }
    guard PQsetnonblocking(connection, 1) == 0, PQenterPipelineMode(connection) == 1 else {
      throw StoreError(lost: connection)
    }
  }

  deinit { PQfinish(connection) }

  /// Ends whatever was begun, as far as there is a server to tell.
  func rollBack(_ deadline: Deadline) {
    guard !isBroken else { return }
    try? run([PostgresCommand("ROLLBACK")], deadline: deadline)
  }

  /// Sends all commands at once and reads their results in order. The first error ends the
  /// pipeline: later commands are not run.
  func run(
    _ commands: [PostgresCommand], deadline: Deadline,
    rows: (_ command: Int, PostgresRows) -> Void = { _, _ in }
  ) throws(StoreError) {
    guard !isBroken else { throw StoreError(.unreachable, "the connection was given up") }
    do throws(StoreError) {
      for command in commands {
        guard command.send(on: connection) else { throw StoreError(lost: connection) }
      }
      guard PQpipelineSync(connection) == 1 else { throw StoreError(lost: connection) }
    } catch {
      isBroken = true
      throw error
    }
    var index = 0
    var failure: StoreError?
    while true {
      // Nil stands between the results of two commands.
      guard let result = try nextResult(deadline) else {
        index += 1
        continue
      }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        if let failure { throw failure }
        return
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK: rows(index, PostgresRows(result: result))
      case PGRES_PIPELINE_ABORTED: break
      default:
        failure = failure ?? StoreError(result: result)
        guard PQstatus(connection) != CONNECTION_BAD, index <= commands.count else {
          isBroken = true
          throw failure ?? StoreError(lost: connection)
        }
      }
    }
  }

  private func nextResult(_ deadline: Deadline) throws(StoreError) -> OpaquePointer? {
    while PQisBusy(connection) == 1 {
      let unsent = PQflush(connection)
      do throws(StoreError) {
        guard unsent >= 0 else { throw StoreError(lost: connection) }
        try wait(unsent > 0 ? POLLIN | POLLOUT : POLLIN, deadline, "answer")
        guard PQconsumeInput(connection) == 1 else { throw StoreError(lost: connection) }
      } catch {
        isBroken = true
        throw error
      }
    }
    return PQgetResult(connection)
  }

  /// Waits until the socket is ready for one of `events`.
  private func wait(
    _ events: Int32, _ deadline: Deadline, _ operation: String
  ) throws(StoreError) {
    var descriptor = pollfd(fd: PQsocket(connection), events: Int16(events), revents: 0)
    while true {
      let remainingMs = deadline.remainingMs
      guard remainingMs > 0 else {
        throw StoreError(.unreachable, "the server did not \(operation) in time")
      }
      let count = poll(&descriptor, 1, remainingMs)
      if count > 0 { return }
      guard count == 0 || errno == EINTR else {
        throw StoreError(.io, "poll failed: errno \(errno)")
      }
    }
  }

  private static func start(_ words: [String], _ values: [String]) -> OpaquePointer? {
    let words = words.map { strdup($0) } + [nil]
    let values = values.map { strdup($0) } + [nil]
    defer { for copy in words + values { free(copy) } }
    return PQconnectStartParams(
      words.map { $0.map { UnsafePointer($0) } }, values.map { $0.map { UnsafePointer($0) } }, 1)
  }
}
