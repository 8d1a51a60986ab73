// The consumer's decisions: what may start, is tried again, is parked or buried, what may be
// committed. It does no I/O, reads no clock and takes no lock; the owner thread runs its actions.

/// Lanes and ledgers of one consumer. Each record has a place, a small number under which the shell
/// keeps what it needs to work on it; places of finished records are used again.
///
/// Records of one key are worked on one at a time in log order, also through retries; different
/// keys do not wait for each other. A record without a key has a lane of its own.
package struct LaneTable: ~Copyable, Sendable {
  package struct Limits: Sendable {
    /// Attempts under way at one time, in records.
    package var inFlightMax: Int
    /// Records received and not done.
    package var windowRecordsMax: Int
    /// Bytes of the same.
    package var windowBytesMax: Int
    /// Failed attempts (throttled ones aside) after which a record is buried.
    package var attemptsMax: Int
    /// Failed attempts after which it is parked, where its partition has a retry partition.
    package var laneAttemptsMax: Int

    package init(
      inFlightMax: Int, windowRecordsMax: Int, windowBytesMax: Int, attemptsMax: Int,
      laneAttemptsMax: Int = .max
    ) {
      self.inFlightMax = inFlightMax
      self.windowRecordsMax = windowRecordsMax
      self.windowBytesMax = windowBytesMax
      self.attemptsMax = attemptsMax
      self.laneAttemptsMax = laneAttemptsMax
    }
  }

  let limits: Limits
  var backoff: Backoff
  /// By number; some are not ours.
  var partitions: [PartitionState] = []
  var lanes: [Lane] = []
  var freeLanes: [Int32] = []
  var troubles: [Int32: Trouble] = [:]
  var slab = WorkSlab()
  var ready = LaneQueue()
  var timers = TimerHeap()
  /// By destination: lanes that wait for it.
  var suspended: [LaneQueue] = []

  /// Records under way: attempts, burials, parkings.
  package internal(set) var inFlight = 0
  package internal(set) var windowRecords = 0
  package internal(set) var windowBytes = 0
  /// Lanes that have at least one record.
  package internal(set) var laneCount = 0

  package init(limits: Limits, backoff: Backoff) {
    precondition(limits.inFlightMax > 0 && limits.attemptsMax > 0, "LaneTable.init: zero limit")
    self.limits = limits
    self.backoff = backoff
  }

  /// How many more records may be received now: the shell polls for no more than this.
  package var room: Int {
    windowBytes >= limits.windowBytesMax ? 0 : max(0, limits.windowRecordsMax - windowRecords)
  }

  /// When the next waiting lane is due; nil when none waits.
  package var nextDueMs: Int64? { timers.nextDueMs }

  /// The places of all lanes' heads. Walks every lane.
  package func forEachHead(_ body: (Int) -> Void) {
    for lane in lanes where lane.count > 0 { body(Int(lane.first)) }
  }

  // MARK: Partitions

  /// Begins work on a partition. `restoring`: what its last owner had done above the offset that
  /// reading begins with.
  package mutating func assign(
    _ partition: Int, role: PartitionRole = .events(retry: nil), restoring: OffsetMap? = nil,
    spanMax: Int = 1 << 20
  ) {
    while partitions.count <= partition { partitions.append(PartitionState()) }
    precondition(!partitions[partition].isOwned, "LaneTable.assign: \(partition) is owned already")
    let ledger =
      restoring.map { Ledger(restoring: $0, spanMax: spanMax) } ?? Ledger(spanMax: spanMax)
    partitions[partition] = PartitionState(role: role, ledger: ledger)
  }

  package func owns(_ partition: Int) -> Bool {
    partition < partitions.count && partitions[partition].isOwned
  }

  package var ownedPartitions: [Int] { partitions.indices.filter { partitions[$0].isOwned } }

  /// Records received and not done of one partition.
  package func windowRecords(of partition: Int) -> Int {
    owns(partition) ? partitions[partition].records : 0
  }

  /// Stops starting work on a partition; what is under way may still finish.
  package mutating func fence(_ partition: Int) {
    if owns(partition) { partitions[partition].isFenced = true }
  }

  /// Takes records of it in without starting any, until `release`.
  package mutating func hold(_ partition: Int) {
    if owns(partition) { partitions[partition].isOnHold = true }
  }

  package mutating func release(_ partition: Int) {
    guard owns(partition) else { return }
    partitions[partition].isOnHold = false
    readyHeld(of: partition)
  }

  /// Its records cannot be parked after all: there is no such retry partition.
  package mutating func withoutRetry(_ partition: Int) {
    guard owns(partition) else { return }
    let state = partitions[partition]
    var plain = PartitionState(role: .events(retry: nil), ledger: state.ledger)
    plain.lanes = state.lanes
    plain.isFenced = state.isFenced
    plain.isOnHold = state.isOnHold
    plain.held = state.held
    plain.inFlight = state.inFlight
    plain.records = state.records
    partitions[partition] = plain
  }

  /// Attempts under way on these partitions.
  package func inFlight(of wanted: some Sequence<Int>) -> Int {
    wanted.reduce(0) { $0 + (owns($1) ? partitions[$1].inFlight : 0) }
  }

  /// Forgets a partition with all its lanes; `body` gets the places that are free from then on.
  /// Later completions of its tickets are ignored.
  package mutating func drop(_ partition: Int, _ body: (Int) -> Void = { _ in }) {
    guard owns(partition) else { return }
    inFlight -= partitions[partition].inFlight
    for index in lanes.indices where Int(lanes[index].partition) == partition {
      var place = lanes[index].first
      while place >= 0 {
        let entry = slab.giveBack(place)
        windowRecords -= 1
        windowBytes -= Int(entry.bytes)
        body(Int(place))
        place = entry.next
      }
      lanes[index].first = -1
      if lanes[index].count > 0 { release(lane: Int32(index)) }
    }
    partitions[partition] = PartitionState()
  }

  func readyEntry(_ lane: Int32) -> LaneQueue.Entry {
    LaneQueue.Entry(lane: lane, generation: lanes[Int(lane)].generation)
  }

  mutating func makeReady(_ lane: Int32) {
    lanes[Int(lane)].state = .ready
    ready.append(readyEntry(lane))
  }

  mutating func readyHeld(of partition: Int) {
    while let entry = partitions[partition].held.popFirst() {
      guard lanes[Int(entry.lane)].generation == entry.generation,
        lanes[Int(entry.lane)].state == .held
      else { continue }
      makeReady(entry.lane)
    }
  }

  /// Gives an empty or dropped lane's storage back; its tickets become stale.
  mutating func release(lane index: Int32) {
    let lane = lanes[Int(index)]
    if lane.isKeyed { partitions[Int(lane.partition)].lanes.remove(lane.key) }
    if lane.isTroubled { troubles[index] = nil }
    var empty = Lane()
    empty.generation = lane.generation &+ 1
    lanes[Int(index)] = empty
    freeLanes.append(index)
    laneCount -= 1
  }
}
