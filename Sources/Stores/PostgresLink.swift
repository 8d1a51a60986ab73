// A session that is made anew after it was lost, with the schema looked after.

import Model

/// The connection of one store or reader: at most one session at a time. Used by one thread.
final class PostgresLink {
  let options: PostgresOptions
  /// False for readers, which make no tables.
  private let isWriter: Bool
  private var session: PostgresSession?
  /// Of connecting: calls fail at once meanwhile.
  private var pace = AttemptPace(waitMsMin: 100, waitMsMax: 5000)
  private var lastError: StoreError?
  private var isClosed = false

  init(_ options: PostgresOptions, isWriter: Bool) throws(StoreError) {
    try options.check()
    self.options = options
    self.isWriter = isWriter
  }

  /// The session, connected if there is none. Fails at once for a while after an attempt failed.
  func connected() throws(StoreError) -> PostgresSession {
    guard !isClosed else { throw StoreError(.closed, "the store is closed") }
    if let session, !session.isBroken { return session }
    session = nil
    if pace.remainingMs(nowMs: Deadline.nowMs) > 0, let lastError { throw lastError }
    do throws(StoreError) {
      let made = try PostgresSession(
        dsn: options.dsn, deadline: Deadline(afterMs: options.connectTimeoutMs))
      let deadline = Deadline(afterMs: options.statementTimeoutMs)
      if isWriter {
        try PostgresSchema.prepare(made, deadline)
      } else {
        try PostgresSchema.require(made, deadline)
      }
      session = made
      pace.succeeded()
      return made
    } catch {
      lastError = error
      pace.failed(nowMs: Deadline.nowMs)
      throw error
    }
  }

  func close() {
    isClosed = true
    session = nil
  }

  /// One transaction: `commands` and a commit. `read` sees the results of `commands`, and what it
  /// returns is run before the commit. Begun anew, as long as there is time, when another writer
  /// was in the way.
  func transact<State>(
    _ deadline: Deadline, _ make: () -> State, _ commands: (State) -> [PostgresCommand],
    _ read: (inout State, Int, PostgresRows) -> Void,
    _ changes: (inout State) -> [PostgresCommand]
  ) throws(StoreError) -> State {
    var attempt = 0
    while true {
      attempt += 1
      guard !deadline.hasPassed else {
        throw StoreError(.busy, "the time was used up by what came before")
      }
      let session = try connected()
      var state = make()
      do throws(StoreError) {
        let begin = beginCommands
        try session.run(begin + commands(state), deadline: deadline) { index, rows in
          if index >= begin.count { read(&state, index - begin.count, rows) }
        }
        try session.run(changes(&state) + [PostgresCommand("COMMIT")], deadline: deadline)
        return state
      } catch {
        rollBack(session)
        guard error.code == .conflict, attempt < Self.attemptsMax, !deadline.hasPassed else {
          throw error
        }
      }
    }
  }

  /// Has time of its own: a transaction that failed for want of it costs no connection.
  func rollBack(_ session: PostgresSession) {
    session.rollBack(Deadline(afterMs: options.connectTimeoutMs))
  }

  private static let attemptsMax = 20

  /// The server gives up a little before we do, so that a lock that is not to be had costs no
  /// connection; and it lets go of the locks of a client that has stopped.
  private var beginCommands: [PostgresCommand] {
    let timeoutMs = max(1, options.statementTimeoutMs * 9 / 10)
    return [
      PostgresCommand("BEGIN ISOLATION LEVEL READ COMMITTED"),
      PostgresCommand("SET LOCAL statement_timeout = \(timeoutMs)"),
      PostgresCommand(
        "SET LOCAL idle_in_transaction_session_timeout = \(options.statementTimeoutMs)"),
    ]
  }
}
