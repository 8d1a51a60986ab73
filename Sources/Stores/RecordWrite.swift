// What the consumer asks the store to do, and what is there to read.

package import Model

/// The newest known state of one record, to be written once.
package struct RecordWrite: Sendable {
  /// The dedup key: a second write with this id changes nothing unless its state is newer.
  package var eventId: String
  package var source: String
  package var key: RecordKey
  /// The record's modified time in milliseconds; for a delete, the newest one known, or 0.
  package var version: Int64
  /// When the fetch was sent, in microseconds since the Unix epoch. It orders states of one
  /// version, and deletes; two fetches of one record must not share it.
  package var observedAtUs: Int64
  package var change: Change
  package var appliedAtMs: Int64
  /// The payload is the event's own and no fresh fetch: a repeat of it can only be old.
  package var carriesEvent = false
  /// Other events of this record that the write settles too, since its state is newer than they
  /// are: they count as applied with it. The outcome is of the whole.
  package var alsoEventIds: [String] = []

  package enum Change: Sendable, Equatable {
    /// JSON, kept as it is. Equal bytes are an equal state.
    case upsert(payload: [UInt8])
    /// The record is not at its source any more.
    case delete
  }

  package init(
    eventId: String, source: String, key: RecordKey, version: Int64, observedAtUs: Int64,
    change: Change, appliedAtMs: Int64
  ) {
    self.eventId = eventId
    self.source = source
    self.key = key
    self.version = version
    self.observedAtUs = observedAtUs
    self.change = change
    self.appliedAtMs = appliedAtMs
  }
}

/// One row of `records`.
package struct StoredRecord: Sendable, Equatable {
  package let key: RecordKey
  package let version: Int64
  package let observedAtUs: Int64
  package let isDeleted: Bool
  /// Nil for a deleted record.
  package let payload: [UInt8]?
  /// The event that last changed it.
  package let eventId: String
  package let updatedAtMs: Int64
}

/// One row of `write_log`: one effective change.
package struct WriteLogRow: Sendable, Equatable {
  /// Ascending in the order of application.
  package let id: Int64
  package let key: RecordKey
  package let version: Int64
  package let observedAtUs: Int64
  package let isDelete: Bool
  package let eventId: String
  package let appliedAtMs: Int64
}

/// How many rows there are.
package struct StoreCounts: Sendable, Equatable {
  /// Not deleted.
  package let live: Int
  package let deleted: Int
  package let inbox: Int
  package let writeLog: Int
}
