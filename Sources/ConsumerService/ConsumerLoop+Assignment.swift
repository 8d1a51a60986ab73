// Partitions given: where the group stands with them is looked up, and whose records wait in their
// retry partitions, before any work begins.
import Kafka
import Lanes
import Logging
import Model
import Settings
import Telemetry

/// Partitions that the group gives, until it is known where their reading begins.
struct AssignmentUnderWay {
  private(set) var partitions: [TopicPartition]
  private(set) var isFirstLook = true
  private var pace = AttemptPace(waitMsMin: 100, waitMsMax: 2000)

  init(_ partitions: [TopicPartition]) { self.partitions = partitions }

  /// How long until the next look-up; zero when it is due.
  func remainingMs(nowMs: Int64) -> Int64 { pace.remainingMs(nowMs: nowMs) }

  /// More of them, while the group waits for the answer about the others.
  mutating func add(_ more: [TopicPartition]) {
    partitions += more.filter { !partitions.contains($0) }
    pace.succeeded()
  }

  /// False when nothing is left to begin.
  mutating func remove(_ revoked: [TopicPartition]) -> Bool {
    partitions.removeAll { revoked.contains($0) }
    return !partitions.isEmpty
  }

  mutating func failed(nowMs: Int64) {
    pace.failed(nowMs: nowMs)
    isFirstLook = false
  }
}

/// A retry partition that is read to its end to learn whose records wait in it.
struct RetryScan {
  /// Where reading begins once the keys are known; nil before the first record.
  var firstOffset: Int64?
  /// Once the end was seen.
  var endOffset: Int64?
  /// What the last owner had done of it already.
  let map: OffsetMap?
}

extension ConsumerLoop {
  /// How long the loop stands still for one look-up about an assignment.
  private static let lookUpTimeoutMs: Int32 = 2000

  // MARK: Where reading begins

  /// A group whose topic changes gives anew without having taken: to a cooperative member what is
  /// new, to others everything.
  func beginAssignment(_ assigned: [TopicPartition]) {
    // Who stops begins nothing; the closing answers it.
    guard stopDeadlineMs == nil else { return }
    if assignment != nil, consumer.isCooperative {
      assignment?.add(assigned)
    } else {
      assignment = AssignmentUnderWay(assigned)
    }
  }

  /// Nothing is begun from a guess. It is not left to librdkafka either: that one asks once, and
  /// where a coordinator that moves refuses, the partition would never be read.
  func progressAssignment(nowMs: Int64) {
    guard let under = assignment, under.remainingMs(nowMs: nowMs) == 0 else { return }
    do throws(KafkaError) {
      let retries = try retryPartitions(of: under.partitions, isFirstLook: under.isFirstLook)
      let committed = try committedOffsets(under.partitions + retries.values)
      assignment = nil
      begin(under.partitions, retries, committed)
    } catch {
      assignment?.failed(nowMs: SystemClock.monotonicMs)
      log.write(
        .warning,
        "where the group stands is not known: it is asked again, and its partitions wait: "
          + error.remedy,
        [.partition: under.partitions.map(\.partition).sorted(), .error: error])
    }
  }

  private func begin(
    _ assigned: [TopicPartition], _ retries: [TopicPartition: TopicPartition],
    _ committed: [TopicPartition: Committed]
  ) {
    if !consumer.isCooperative { dropAll() }
    var starts: [PartitionOffset] = []
    var companions: [TopicPartition: PartitionOffset] = [:]
    for partition in assigned {
      let number = partitions.number(partition)
      let known = committed[partition]
      starts.append(PartitionOffset(partition, known?.offset ?? consumer.uncommittedStart))
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

  /// What an eager member has is all that it is given.
  private func dropAll() {
    for partition in table.ownedPartitions { drop(partition) }
    scans = [:]
    held = []
  }

  /// A broker that has just begun may not know a topic yet: what is not there is looked for twice.
  private func retryPartitions(
    of assigned: [TopicPartition], isFirstLook: Bool
  ) throws(KafkaError) -> [TopicPartition: TopicPartition] {
    guard retryTopic != nil, !assigned.isEmpty else { return [:] }
    let topic = kafkaSettings.retryTopic
    let count = try consumer.partitionCount(of: topic, timeoutMs: Self.lookUpTimeoutMs)
    if count == 0, isFirstLook {
      throw KafkaError(.unknownTopic, message: "no topic \(topic) seen yet")
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
      uniqueKeysWithValues: there.map { ($0, retryPartition(of: $0)) })
  }

  private struct Committed {
    let offset: Int64
    let map: OffsetMap?
  }

  /// Where the group stands, with what it has done above; nothing of a partition where it has not
  /// committed yet.
  private func committedOffsets(
    _ wanted: [TopicPartition]
  ) throws(KafkaError) -> [TopicPartition: Committed] {
    let found = try consumer.committed(wanted, timeoutMs: Self.lookUpTimeoutMs)
    var known: [TopicPartition: Committed] = [:]
    for place in found where place.offset >= 0 {
      let map = place.metadata.flatMap { OffsetMap(decoding: $0, frontier: place.offset) }
      known[place.topicPartition] = Committed(offset: place.offset, map: map)
    }
    return known
  }

  // MARK: Whose records wait

  func scan(_ records: [ConsumedRecord], _ partition: TopicPartition) {
    guard let scan = scans[partition] else { return }
    let events = eventsNumber(of: partition)
    if scan.firstOffset == nil { scans[partition]?.firstOffset = records.first?.offset }
    for record in records {
      guard let key = record.keyHash, scan.map?.contains(record.offset) != true else { continue }
      table.scanned(key: key, events: events, retryOffset: record.offset)
    }
  }

  /// Back to the start, and now in earnest. Until that is done what comes is scanned only: records
  /// that were skipped would be lost with the next commit.
  func endScan(_ partition: TopicPartition, at end: Int64) {
    guard let scan = scans[partition] else { return }
    scans[partition]?.endOffset = end
    if let first = scan.firstOffset {
      do throws(KafkaError) {
        try consumer.seek(
          [PartitionOffset(partition, first)], timeoutMs: Self.lookUpTimeoutMs)
      } catch {
        return noteFailure(error, nil)
      }
      log.write(
        .info, "records wait in the retry topic",
        [
          .partition: partition.partition, .offset: first, .limit: end,
          .count: table.parkedKeys(eventsNumber(of: partition)),
        ])
    }
    scans[partition] = nil
    table.release(eventsNumber(of: partition))
  }

  /// Those whose end was seen, and whose start could not be gone back to.
  func retryScanEnds() {
    for (partition, scan) in scans {
      if let end = scan.endOffset { endScan(partition, at: end) }
    }
  }

  /// It cannot be read: its partition of events goes on without it.
  func abandonScan(_ partition: TopicPartition) {
    scans[partition] = nil
    table.withoutRetry(eventsNumber(of: partition))
    table.release(eventsNumber(of: partition))
  }
}
