// One record's queue: what its head is doing. The records themselves stand in the table's slab.
import Model

/// The queue of one (partition, key): plain numbers, so that a lane costs no allocation. What only
/// lanes in trouble need stands beside, in `Trouble`.
struct Lane: Sendable {
  enum State: UInt8, Sendable {
    /// Nothing to do; the lane is about to be given back.
    /// Can transition to: `ready` (a record arrived).
    case idle
    /// The head waits for a slot.
    /// Can transition to: `running`, `burying`, `parking` (a slot was free), `held` (its partition
    /// may not start it now), `idle` (partition dropped).
    case ready
    /// The head, and what was joined to it, is being worked on.
    /// Can transition to: `ready` (done, more queued), `idle` (done, none queued), `waiting`
    /// (failed, will be tried again), `ready` with a burial or a parking to come, `suspended`
    /// (its destination takes no more now).
    case running
    /// The head is tried again when its timer is due.
    /// Can transition to: `ready` (timer due).
    case waiting
    /// The run is on its way to the dead-letter topic.
    /// Can transition to: `ready`, `idle` (acknowledged), `waiting` (not acknowledged).
    case burying
    /// The head is on its way to the retry topic.
    /// Can transition to: `ready`, `idle` (acknowledged), `waiting` (not acknowledged).
    case parking
    /// Waits for a destination.
    /// Can transition to: `ready` (`resume`).
    case suspended
    /// Waits until its partition may start it.
    /// Can transition to: `ready` (`hold` ended, or the completed map has room again).
    case held
  }

  var partition: Int32 = -1
  var state = State.idle
  var isKeyed = false
  /// Rises whenever the lane's storage is given back or its head moves on; makes tickets stale.
  var generation: UInt32 = 0
  /// The key's hash, where `isKeyed`.
  var key: UInt64 = 0
  /// Places in the slab; -1 for none.
  var first: Int32 = -1
  var last: Int32 = -1
  var count: Int32 = 0
  /// How many from the head on are worked on together; at least 1 while under way.
  var runCount: Int32 = 1
  /// An entry for it stands in the table's troubles.
  var isTroubled = false
}

/// What a head that failed has behind it.
struct Trouble: Sendable {
  /// Attempts that count against the limit; throttled ones, and a sink that is down, do not.
  var attempts = 0
  /// Failures of the head so far, of every kind: what the wait grows with.
  var failures = 0
  var firstFailedAtMs: Int64?
  /// How the head ends, once that is decided.
  var end: End?

  enum End: Sendable {
    case burial(Failure)
    case parking(Failure)
  }
}
