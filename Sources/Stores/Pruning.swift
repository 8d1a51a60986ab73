// Which rows have had their time.

/// Rows from before these times (milliseconds since the Unix epoch) are removed.
///
/// An inbox row must outlive every chance that its record is delivered again: keep it for at least
/// as long as Kafka keeps the events, counted from when the row was written, which is later. A
/// pruned event that comes again is judged by the gate alone.
package struct PruneLimits: Sendable, Equatable {
  package var inboxBeforeMs: Int64
  package var writeLogBeforeMs: Int64
  /// Of claims that are done or free. Others are kept: they say where to look before writing.
  package var claimsBeforeMs: Int64
  /// Of each table in one call; bounds how long it takes.
  package var rowsMax: Int

  package init(
    inboxBeforeMs: Int64, writeLogBeforeMs: Int64, claimsBeforeMs: Int64, rowsMax: Int
  ) {
    self.inboxBeforeMs = inboxBeforeMs
    self.writeLogBeforeMs = writeLogBeforeMs
    self.claimsBeforeMs = claimsBeforeMs
    self.rowsMax = rowsMax
  }
}

/// How many rows went.
package struct PruneResult: Sendable, Equatable {
  package var inbox: Int
  package var writeLog: Int
  package var claims: Int
  /// A table reached `rowsMax`: there may be more to remove.
  package var hasMore: Bool

  package init(inbox: Int, writeLog: Int, claims: Int, hasMore: Bool) {
    self.inbox = inbox
    self.writeLog = writeLog
    self.claims = claims
    self.hasMore = hasMore
  }
}
