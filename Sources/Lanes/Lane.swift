// One record's queue: what has arrived for it, in log order, and what its head is doing.
import Model

/// The queue of one (partition, key).
struct Lane<Item: Sendable>: Sendable {
  enum State: Sendable {
    /// Nothing to do; the lane is about to be given back.
    /// Can transition to: `ready` (a record arrived).
    case idle
    /// The head waits for a slot.
    /// Can transition to: `running` (a slot was free), `idle` (partition dropped).
    case ready
    /// The head is being worked on.
    /// Can transition to: `ready` (done, more queued), `idle` (done, none queued),
    /// `waiting` (failed, will be tried again), `burying` (goes to the dead-letter topic).
    case running
    /// The head failed and is tried again when its timer is due.
    /// Can transition to: `ready` (timer due).
    case waiting
    /// The head is on its way to the dead-letter topic.
    /// Can transition to: `ready`, `idle` (acknowledged), `waiting` (not acknowledged).
    case burying
  }

  struct Entry: Sendable {
    let offset: Int64
    let bytes: Int
    let item: Item
  }

  let partition: Int
  let key: [UInt8]?
  var state = State.idle
  /// Rises whenever the lane's storage is given back or its head moves on; makes tickets stale.
  var generation: UInt32 = 0
  private var entries: [Entry] = []
  private var first = 0

  /// Attempts that count against the limit; throttled ones, and a sink that is down, do not.
  var attempts = 0
  /// Failures of the head so far, of every kind: what the wait grows with.
  var failures = 0
  var firstFailedAtMs: Int64?
  /// What the head failed with, once it is to be buried.
  var burial: Failure?

  init(partition: Int, key: [UInt8]?) {
    self.partition = partition
    self.key = key
  }

  var head: Entry? { first < entries.count ? entries[first] : nil }
  var count: Int { entries.count - first }
  /// The offset of a lane without a key, which holds one record only.
  var soleOffset: Int64 { head?.offset ?? 0 }
  var queued: ArraySlice<Entry> { entries[first...] }

  mutating func append(_ entry: Entry) { entries.append(entry) }

  mutating func removeHead() -> Entry {
    precondition(first < entries.count, "Lane.removeHead: nothing queued")
    let entry = entries[first]
    first += 1
    // Give storage back now and then, not on every record: removal stays constant on average.
    if first == entries.count {
      entries.removeAll(keepingCapacity: entries.capacity <= 64)
      first = 0
    } else if first >= 64, first * 2 >= entries.count {
      entries.removeFirst(first)
      first = 0
    }
    attempts = 0
    failures = 0
    firstFailedAtMs = nil
    burial = nil
    return entry
  }
}
