// Records in, frontiers out.

extension LaneTable {
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
    guard owns(partition), !partitions[partition].isFenced else { return .ignore }
    guard !partitions[partition].ledger.canReceive(offset) else { return .accept }
    return partitions[partition].ledger.hasReceived(offset) ? .rewound : .hold
  }

  /// Takes a record in and returns its place; nil when an earlier owner has done it already. `key`
  /// is the key's hash, nil for a record without a key. `attempts`: those made before it was
  /// parked. Call only where `admission` said `accept`.
  package mutating func receive(
    partition: Int, offset: Int64, key: UInt64?, bytes: Int, attempts: Int = 0
  ) -> Int? {
    precondition(owns(partition), "LaneTable.receive: \(partition) is not owned")
    guard partitions[partition].ledger.receive(offset) == .pending else {
      partitions[partition].hasNews = true
      return nil
    }
    partitions[partition].records += 1
    windowRecords += 1
    windowBytes += Int(Int32(clamping: bytes))
    let place = slab.take(offset: offset, bytes: bytes)
    let lane = lane(partition: partition, key: key)
    append(place, to: lane)
    if attempts > 0, lanes[Int(lane)].first == place { note(attempts: attempts, of: lane) }
    return Int(place)
  }

  private mutating func append(_ place: Int32, to index: Int32) {
    let lane = Int(index)
    if lanes[lane].last >= 0 {
      slab.chain(place, behind: lanes[lane].last)
    } else {
      lanes[lane].first = place
    }
    lanes[lane].last = place
    lanes[lane].count += 1
    if lanes[lane].state == .idle { makeReady(index) }
  }

  private mutating func lane(partition: Int, key: UInt64?) -> Int32 {
    if let key, let known = partitions[partition].lanes.lane(of: key) { return known }
    let index: Int32
    if let free = freeLanes.popLast() {
      index = free
    } else {
      lanes.append(Lane())
      index = Int32(lanes.count - 1)
    }
    lanes[Int(index)].partition = Int32(partition)
    if let key {
      lanes[Int(index)].isKeyed = true
      lanes[Int(index)].key = key
      partitions[partition].lanes.insert(key, lane: index)
    }
    laneCount += 1
    return index
  }

  private mutating func note(attempts: Int, of lane: Int32) {
    lanes[Int(lane)].isTroubled = true
    troubles[lane, default: Trouble()].attempts = attempts
    troubles[lane, default: Trouble()].failures = attempts
  }

  // MARK: Frontiers

  /// One above the newest received offset; nil before the first record.
  package func nextOffset(_ partition: Int) -> Int64? {
    owns(partition) ? partitions[partition].ledger.next : nil
  }

  /// Every received offset below it is done; nil before the first record.
  package func frontier(_ partition: Int) -> Int64? {
    owns(partition) ? partitions[partition].ledger.frontier : nil
  }

  /// What to commit of a partition; nil when nothing was completed since the last call. Also looks
  /// whether the completed map has room for more.
  package mutating func takeCommit(
    _ partition: Int, charactersMax: Int = OffsetMap.charactersMax
  ) -> FrontierCommit? {
    guard owns(partition), let frontier = partitions[partition].ledger.frontier,
      partitions[partition].hasNews || partitions[partition].committed != frontier
    else { return nil }
    let map = partitions[partition].ledger.completedMap(charactersMax: charactersMax)
    let isNarrow = partitions[partition].ledger.mapFill(charactersMax: charactersMax) >= 0.75
    partitions[partition].committed = frontier
    partitions[partition].hasNews = false
    partitions[partition].isNarrow = isNarrow
    // Where it stays narrow some lanes may start all the same: the highest completed has moved.
    if !partitions[partition].held.isEmpty { readyHeld(of: partition) }
    return FrontierCommit(offset: frontier, metadata: map)
  }

  /// Notes that a commit did not succeed: it is offered again.
  package mutating func commitFailed(_ partition: Int) {
    if owns(partition) { partitions[partition].committed = nil }
  }

  // MARK: Parked keys

  /// A restarting consumer found a record of this key in the retry partition `retry`, not done.
  package mutating func scanned(key: UInt64, events partition: Int, retryOffset: Int64) {
    if owns(partition) { partitions[partition].parked.scanned(key, retryOffset: retryOffset) }
  }

  /// Keys whose later records go to the retry topic.
  package func parkedKeys(_ partition: Int) -> Int {
    owns(partition) ? partitions[partition].parked.count : 0
  }
}
