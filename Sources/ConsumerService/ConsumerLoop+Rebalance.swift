// Partitions given and taken. Each partition of events comes with the retry partition of the same
// number, which the group does not know of: they are read, committed and given back together.
import Kafka
import Lanes
import Logging
import Model
import Settings
import Telemetry

/// Partitions that the group takes away, between fence and unassign.
struct Revocation {
  let partitions: [TopicPartition]
  let isLost: Bool
  let deadlineMs: Int64
}

/// A retry partition that is read to its end to learn whose records wait in it.
struct RetryScan {
  /// Where reading begins once the keys are known; nil before the first record.
  var firstOffset: Int64?
  /// What the last owner had done of it already.
  let map: OffsetMap?
}

extension ConsumerLoop {
  /// A look-up about an assignment may take so long; without its answer work begins all the same,
  /// and what was done already is done again.
  private static let lookUpTimeoutMs: Int32 = 5000

  func isRetry(_ partition: TopicPartition) -> Bool {
    retryTopic != nil && partition.topic == kafkaSettings.retryTopic
  }

  func isRetry(_ number: Int) -> Bool { isRetry(partitions.name(number)) }

  /// What `rewound` assigns anew.
  func role(of number: Int) -> PartitionRole {
    let name = partitions.name(number)
    if isRetry(name) {
      return .retry(
        of: partitions.number(TopicPartition(kafkaSettings.eventsTopic, name.partition)))
    }
    guard retryTopic != nil else { return .events(retry: nil) }
    return .events(
      retry: partitions.number(TopicPartition(kafkaSettings.retryTopic, name.partition)))
  }

  // MARK: Given

  func assign(_ assigned: [TopicPartition]) {
    let retries = retryPartitions(of: assigned)
    let committed = committedOffsets(assigned + retries.values)
    var starts: [PartitionOffset] = []
    var companions: [TopicPartition: PartitionOffset] = [:]
    for partition in assigned {
      let number = partitions.number(partition)
      let known = committed[partition]
      starts.append(PartitionOffset(partition, known?.offset ?? PartitionOffset.stored))
      let retry = retries[partition]
      table.assign(
        number, role: .events(retry: retry.map { partitions.number($0) }), restoring: known?.map)
      guard let retry else { continue }
      let parked = committed[retry]
      table.assign(
        partitions.number(retry), role: .retry(of: number), restoring: parked?.map)
      companions[partition] = PartitionOffset(
        retry, parked?.offset ?? PartitionOffset.beginning)
      // Until it is known whose records wait, nothing may overtake them.
      table.hold(number)
      scans[retry] = RetryScan(map: parked?.map)
    }
    health.joined()
    answer { () throws(KafkaError) in
      try consumer.completeAssign(starts, companions: companions)
    }
    log.write(.info, "partitions assigned", [.partition: assigned.map(\.partition).sorted()])
    gauges.rebalanced()
    observe(.assigned(partitions: assigned.count))
  }

  private func retryPartitions(
    of assigned: [TopicPartition]
  ) -> [TopicPartition: TopicPartition] {
    guard retryTopic != nil, !assigned.isEmpty else { return [:] }
    let topic = kafkaSettings.retryTopic
    var count = 0
    do {
      count = try consumer.partitionCount(of: topic, timeoutMs: Self.lookUpTimeoutMs)
    } catch {
      log.write(.warning, "the retry topic cannot be looked up", [.topic: topic, .error: error])
    }
    let missing = assigned.filter { $0.partition >= count }
    if !missing.isEmpty {
      log.write(
        .warning,
        "\(topic) lacks partitions that the events have: what fails of these is tried again in "
          + "its place and holds the offset; create it with hookferry topics create",
        [.topic: topic, .partition: missing.map(\.partition).sorted(), .count: count])
    }
    let there = assigned.filter { $0.partition < count }
    return Dictionary(
      uniqueKeysWithValues: there.map { ($0, TopicPartition(topic, $0.partition)) })
  }

  private struct Committed {
    let offset: Int64
    let map: OffsetMap?
  }

  /// Where the group stands, with what it has done above.
  private func committedOffsets(_ wanted: [TopicPartition]) -> [TopicPartition: Committed] {
    do {
      let found = try consumer.committed(wanted, timeoutMs: Self.lookUpTimeoutMs)
      var known: [TopicPartition: Committed] = [:]
      for place in found where place.offset >= 0 {
        let map = place.metadata.flatMap { OffsetMap(decoding: $0, frontier: place.offset) }
        known[place.topicPartition] = Committed(offset: place.offset, map: map)
      }
      return known
    } catch {
      log.write(
        .warning, "what the last owner had done is not known: some of it is done again",
        [.error: error])
      return [:]
    }
  }

  // MARK: Whose records wait

  func scan(_ records: [ConsumedRecord], _ partition: TopicPartition) {
    guard let scan = scans[partition] else { return }
    let events = partitions.number(TopicPartition(kafkaSettings.eventsTopic, partition.partition))
    for record in records {
      if scans[partition]?.firstOffset == nil { scans[partition]?.firstOffset = record.offset }
      guard let key = record.keyHash, scan.map?.contains(record.offset) != true else { continue }
      table.scanned(key: key, events: events, retryOffset: record.offset)
    }
  }

  /// The end: back to the start, and now in earnest.
  func endScan(_ partition: TopicPartition, at end: Int64) {
    guard let scan = scans.removeValue(forKey: partition) else { return }
    if let first = scan.firstOffset {
      answer { () throws(KafkaError) in
        try consumer.seek(
          [PartitionOffset(partition, first)], timeoutMs: Self.lookUpTimeoutMs)
      }
      log.write(
        .info, "records wait in the retry topic",
        [
          .partition: partition.partition, .offset: first, .limit: end,
          .count: table.parkedKeys(
            partitions.number(TopicPartition(kafkaSettings.eventsTopic, partition.partition))),
        ])
    }
    releaseEvents(of: partition)
  }

  /// It cannot be read: its partition of events goes on without it.
  func abandonScan(_ partition: TopicPartition) {
    scans[partition] = nil
    table.withoutRetry(
      partitions.number(TopicPartition(kafkaSettings.eventsTopic, partition.partition)))
    releaseEvents(of: partition)
  }

  private func releaseEvents(of retry: TopicPartition) {
    table.release(
      partitions.number(TopicPartition(kafkaSettings.eventsTopic, retry.partition)))
  }

  // MARK: Taken

  func beginRevocation(_ revoked: [TopicPartition], _ isLost: Bool, nowMs: Int64) {
    let leaving = withRetries(revoked)
    for partition in leaving {
      table.fence(partitions.number(partition))
      scans[partition] = nil
    }
    let numbers = Set(leaving.map { partitions.number($0) })
    held.removeAll { numbers.contains($0.partition) }
    // A lost partition has a new owner already: nothing to wait for, nothing to commit.
    let waitMs = isLost ? 0 : Int64(min(settings.drainTimeoutMs, settings.sessionTimeoutMs / 2))
    revocation = Revocation(partitions: revoked, isLost: isLost, deadlineMs: nowMs + waitMs)
  }

  private func withRetries(_ revoked: [TopicPartition]) -> [TopicPartition] {
    guard retryTopic != nil else { return revoked }
    return revoked + revoked.map { TopicPartition(kafkaSettings.retryTopic, $0.partition) }
  }

  /// Ends a revocation once the work under way has ended, or its time is up.
  func progressRevocation(nowMs: Int64) {
    guard let revocation else { return }
    let numbers = withRetries(revocation.partitions).map { partitions.number($0) }
    guard table.inFlight(of: numbers) == 0 || nowMs >= revocation.deadlineMs else { return }
    if !revocation.isLost { commitNow(numbers) }
    for number in numbers { drop(number) }
    self.revocation = nil
    answer { () throws(KafkaError) in try consumer.completeRevoke() }
    log.write(
      .info, revocation.isLost ? "partitions lost" : "partitions revoked",
      [.partition: revocation.partitions.map(\.partition).sorted()])
    gauges.rebalanced()
    for partition in revocation.partitions { gauges.revoked(partition: partition.partition) }
    observe(.revoked(partitions: revocation.partitions.count, isLost: revocation.isLost))
  }

  /// A rebalance answer that fails leaves the group to time this member out: say so.
  private func answer(_ call: () throws(KafkaError) -> Void) {
    do {
      try call()
    } catch {
      noteFailure(error, nil)
    }
  }
}
