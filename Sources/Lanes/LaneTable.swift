// The consumer's decisions: what may start, what is tried again, what is buried, what may be
// committed. It does no I/O, reads no clock and takes no lock; the owner thread runs its actions.

/// Lanes and ledgers of one consumer. `Item` is whatever the shell needs to work on a record.
///
/// Records of one key are worked on one at a time in log order, also through retries; different
/// keys do not wait for each other. A record without a key has a lane of its own.
package struct LaneTable<Item: Sendable>: Sendable {
  package struct Limits: Sendable {
    /// Attempts under way at one time.
    package var inFlightMax: Int
    /// Records received and not done.
    package var windowRecordsMax: Int
    /// Bytes of the same.
    package var windowBytesMax: Int
    /// Failed attempts (throttled ones aside) after which a record is buried.
    package var attemptsMax: Int

    package init(inFlightMax: Int, windowRecordsMax: Int, windowBytesMax: Int, attemptsMax: Int) {
      self.inFlightMax = inFlightMax
      self.windowRecordsMax = windowRecordsMax
      self.windowBytesMax = windowBytesMax
      self.attemptsMax = attemptsMax
    }
  }

  let limits: Limits
  var backoff: Backoff
  var partitions: [Int: PartitionState] = [:]
  var lanes: [Lane<Item>] = []
  var freeLanes: [Int] = []
  var laneOfKey: [LaneKey: Int] = [:]
  var ready = ReadyQueue()
  var timers = TimerHeap()

  /// Attempts under way, burials included.
  package internal(set) var inFlight = 0
  package internal(set) var windowRecords = 0
  package internal(set) var windowBytes = 0

  package init(limits: Limits, backoff: Backoff) {
    precondition(limits.inFlightMax > 0 && limits.attemptsMax > 0, "LaneTable.init: zero limit")
    self.limits = limits
    self.backoff = backoff
  }

  /// Lanes that have at least one record.
  package var laneCount: Int { laneOfKey.count }

  /// How many more records may be received now: the shell polls for no more than this.
  package var room: Int {
    windowBytes >= limits.windowBytesMax ? 0 : max(0, limits.windowRecordsMax - windowRecords)
  }

  /// When the next waiting lane is due; nil when none waits.
  package var nextDueMs: Int64? { timers.nextDueMs }

  /// The least of these over the heads of all lanes; nil without lanes. Walks every lane.
  package func least(_ value: (Item) -> Int64) -> Int64? {
    lanes.compactMap { $0.head.map { value($0.item) } }.min()
  }

  /// What may be committed of a partition now; nil before its first record.
  package func frontier(_ partition: Int) -> Int64? { partitions[partition]?.ledger.frontier }

  // MARK: Partitions

  /// Begins work on a partition. Its ledger is empty: whatever was known before is forgotten.
  package mutating func assign(_ partition: Int, spanMax: Int = 1 << 20) {
    precondition(partitions[partition] == nil, "LaneTable.assign: \(partition) is owned already")
    partitions[partition] = PartitionState(ledger: Ledger(spanMax: spanMax))
  }

  /// Stops starting work on a partition; what is under way may still finish.
  package mutating func fence(_ partition: Int) { partitions[partition]?.isFenced = true }

  /// Attempts under way on these partitions.
  package func inFlight(of wanted: Set<Int>) -> Int {
    wanted.reduce(0) { $0 + (partitions[$1]?.inFlight ?? 0) }
  }

  /// Forgets a partition with all its lanes. Later completions of its tickets are ignored.
  package mutating func drop(_ partition: Int) {
    guard let state = partitions.removeValue(forKey: partition) else { return }
    inFlight -= state.inFlight
    for index in lanes.indices where lanes[index].partition == partition {
      for entry in lanes[index].queued {
        windowRecords -= 1
        windowBytes -= entry.bytes
      }
      guard lanes[index].count > 0 else { continue }
      release(lane: index)
    }
  }

  /// The partition's frontier where it moved since the last call for it, to be committed.
  package mutating func takeCommit(_ partition: Int) -> Int64? {
    guard let frontier = partitions[partition]?.ledger.frontier,
      frontier != partitions[partition]?.committed
    else { return nil }
    partitions[partition]?.committed = frontier
    return frontier
  }

  /// Notes that a commit did not succeed: the frontier is offered again.
  package mutating func commitFailed(_ partition: Int) { partitions[partition]?.committed = nil }

  package var ownedPartitions: [Int] { partitions.keys.sorted() }

  // MARK: Records

  /// What to do with a record that was polled.
  package enum Admission: Sendable, Equatable {
    /// Call `receive`.
    case accept
    /// The ledger is stretched to its limit: hold the record and ask again after completions.
    case hold
    /// The partition is not ours (any more).
    case ignore
    /// The offset is below what was received: the log was cut and reading began again. Drop and
    /// assign the partition, then ask again: the ledger must not count old offsets as new ones.
    case rewound
  }

  package func admission(partition: Int, offset: Int64) -> Admission {
    guard let state = partitions[partition], !state.isFenced else { return .ignore }
    guard !state.ledger.canReceive(offset) else { return .accept }
    return state.ledger.hasReceived(offset) ? .rewound : .hold
  }

  /// Takes a record in. Call only where `admission` said `accept`.
  package mutating func receive(
    partition: Int, offset: Int64, key: [UInt8]?, bytes: Int, item: Item
  ) {
    precondition(partitions[partition] != nil, "LaneTable.receive: \(partition) is not owned")
    partitions[partition]?.ledger.receive(offset)
    windowRecords += 1
    windowBytes += bytes
    let lane = laneIndex(LaneKey(partition: partition, key: key, offset: key == nil ? offset : 0))
    lanes[lane].append(Lane.Entry(offset: offset, bytes: bytes, item: item))
    if case .idle = lanes[lane].state { makeReady(lane) }
  }

  // MARK: Storage

  private mutating func laneIndex(_ key: LaneKey) -> Int {
    if let index = laneOfKey[key] { return index }
    var lane = Lane<Item>(partition: key.partition, key: key.key)
    let index: Int
    if let free = freeLanes.popLast() {
      lane.generation = lanes[free].generation &+ 1
      lanes[free] = lane
      index = free
    } else {
      lanes.append(lane)
      index = lanes.count - 1
    }
    laneOfKey[key] = index
    return index
  }

  mutating func makeReady(_ lane: Int) {
    lanes[lane].state = .ready
    ready.append(ReadyQueue.Entry(lane: lane, generation: lanes[lane].generation))
  }

  /// Gives an empty or dropped lane's storage back; its tickets become stale.
  mutating func release(lane index: Int) {
    let lane = lanes[index]
    laneOfKey[
      LaneKey(
        partition: lane.partition, key: lane.key, offset: lane.key == nil ? lane.soleOffset : 0)] =
      nil
    var empty = Lane<Item>(partition: -1, key: nil)
    empty.generation = lane.generation &+ 1
    lanes[index] = empty
    freeLanes.append(index)
  }
}

/// One owned partition.
struct PartitionState: Sendable {
  var ledger: Ledger
  var isFenced = false
  var inFlight = 0
  /// The frontier given out last, so that an unchanged one is not committed again.
  var committed: Int64?
}

/// Which lane a record belongs to.
struct LaneKey: Hashable, Sendable {
  let partition: Int
  let key: [UInt8]?
  /// Tells records without a key apart; 0 otherwise.
  let offset: Int64
}
