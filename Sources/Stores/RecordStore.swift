// What every sink database does, whichever it is.

package import Model

/// Writes records, each state once and never an older one over a newer one. Owned by one thread;
/// several processes may write to the same database. All times are the caller's.
package protocol RecordStore: AnyObject {
  /// Applies the writes in order, durable on return, with a result for each. A write that fails
  /// leaves no trace and does not touch its neighbours; when the database fails as a whole, all of
  /// them have failed.
  ///
  /// `.written`, `.gone` (a delete that took effect), `.superseded` (as new or newer is there
  /// already), `.duplicate` (all its event ids were applied before, and nothing has changed since).
  func apply(_ writes: [RecordWrite]) -> [Result<Outcome, Failure>]

  /// Takes steps on claims in order, in one transaction, durable on return, with an answer for
  /// each.
  func take(_ steps: [ClaimStep], nowMs: Int64) throws(StoreError) -> [ClaimAnswer]

  /// True when the write log has an effective change of the record to this state, applied at or
  /// after `sinceMs`: what comes back from downstream is then an echo of our own write.
  func isOwnChange(
    _ key: RecordKey, _ state: OwnState, sinceMs: Int64
  ) throws(StoreError) -> Bool

  /// Removes rows that are older than asked, at most `rowsMax` of each table.
  func prune(_ limits: PruneLimits) throws(StoreError) -> PruneResult

  /// Idempotent; everything else fails from then on.
  func close()
}

/// Looks into a store without disturbing who writes it. Owned by one thread. Each call sees one
/// committed state of the database; two calls may see different ones.
package protocol RecordReader: AnyObject {
  /// Nil when there never was such a record; a deleted one is returned as deleted.
  func record(_ key: RecordKey) throws(StoreError) -> StoredRecord?

  /// Every record, deleted ones included, in the order of their keys.
  func forEachRecord(_ body: (StoredRecord) -> Void) throws(StoreError)

  func counts() throws(StoreError) -> StoreCounts

  /// Effective changes with an id above `id`, oldest first, at most `rowsMax`. Of one record they
  /// are in the order of application; of different ones, a change may appear late below an id that
  /// was seen already, where several processes write.
  func writeLog(after id: Int64, rowsMax: Int) throws(StoreError) -> [WriteLogRow]

  /// True once the event was applied, whatever came of it.
  func inboxContains(eventId: String) throws(StoreError) -> Bool
}

extension RecordReader {
  package func writeLog() throws(StoreError) -> [WriteLogRow] {
    try writeLog(after: 0, rowsMax: .max)
  }
}

/// How a state is recognised as one of our own.
package enum OwnState: Sendable, Equatable {
  case payload([UInt8])
  case version(Int64)
}
