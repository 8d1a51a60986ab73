// The loop's dealings with Kafka: records in, frontiers committed.
import Kafka
import Lanes
import Logging
import Model
import Settings
import Telemetry

extension ConsumerLoop {
  private static let commitTimeoutMs: Int32 = 5000

  func serveKafka(nowMs: Int64) {
    admitHeld(nowMs: nowMs)
    // The rest of the window is for the events, whatever waits in the retry topic.
    boundRetries()
    var polled = 0
    for event in consumer.poll(recordsMax: pollBudget, timeoutMs: 0) {
      switch event {
      case .records(let partition, let records):
        polled += records.count
        logReceived(partition, records)
        take(records, partition, nowMs: nowMs)
      case .assigned(let assigned): beginAssignment(assigned)
      case .revoked(let revoked, let isLost): beginRevocation(revoked, isLost, nowMs: nowMs)
      case .committed(let result): noteCommit(result)
      case .failure(let error, let partition): noteFailure(error, partition)
      case .log(let level, let facility, let message): noteLog(level, facility, message)
      case .endOfPartition(let partition, let offset): endScan(partition, at: offset)
      case .statistics: break
      }
    }
    progressAssignment(nowMs: nowMs)
    lookForBacklog(nowMs: nowMs)
    guard polled > 0 else { return }
    totals.received += polled
    observe(.received(count: polled))
  }

  private func logReceived(_ partition: TopicPartition, _ records: [ConsumedRecord]) {
    guard let first = records.first, let last = records.last else { return }
    log.write(
      .debug, "received",
      [.partition: partition.partition, .offset: first.offset, .limit: last.offset])
  }

  private func take(
    _ records: [ConsumedRecord], _ partition: TopicPartition, nowMs: Int64
  ) {
    if scans[partition] != nil { return scan(records, partition) }
    let number = partitions.number(partition)
    let isRetry = isRetry(partition)
    for record in records { admit(record, number, isRetry: isRetry, nowMs: nowMs) }
  }

  private func admitHeld(nowMs: Int64) {
    guard !held.isEmpty else { return }
    let waiting = held
    held = []
    for (partition, record) in waiting {
      admit(record, partition, isRetry: isRetry(partition), nowMs: nowMs)
    }
  }

  private func admit(
    _ record: ConsumedRecord, _ partition: Int, isRetry: Bool, nowMs: Int64
  ) {
    switch table.admission(partition: partition, offset: record.offset) {
    case .accept: receive(record, partition, isRetry: isRetry, nowMs: nowMs)
    case .hold: held.append((partition, record))
    case .ignore: break
    case .rewound:
      log.write(
        .warning, "the log went back: its records are taken again",
        [.partition: partitions.name(partition).partition, .offset: record.offset])
      // Old tickets become stale; what they still write is gated.
      let role = role(of: partition)
      drop(partition)
      table.assign(partition, role: role)
      receive(record, partition, isRetry: isRetry, nowMs: nowMs)
    }
  }

  private func receive(
    _ record: ConsumedRecord, _ partition: Int, isRetry: Bool, nowMs: Int64
  ) {
    // A parked record brings its attempts along; events have none.
    let attempts = isRetry ? ParkedRecord.attempts(record.headers) : 0
    let place = table.receive(
      partition: partition, offset: record.offset, key: record.keyHash,
      bytes: record.byteCount, attempts: attempts)
    // Nil: an earlier owner has done it.
    guard let place else { return }
    while works.count <= place { works.append(nil) }
    works[place] = Work(partition: partition, record: record, receivedMs: nowMs)
  }

  /// Records of the log that are known of and were not polled.
  private func lookForBacklog(nowMs: Int64) {
    var behind: Int64 = 0
    for partition in consumer.assignment {
      guard let end = consumer.knownEnd(partition) else { continue }
      behind += max(0, end - (table.nextOffset(partitions.number(partition)) ?? end))
    }
    backlog.look(
      behind: behind, hasRoom: pollBudget > 0, waitMs: Int64(settings.engine.burstWaitMs),
      nowMs: nowMs)
  }

  /// Of the retries at most a quarter of the window, once they are worked at. Of events nothing as
  /// long as it is not known whose records wait: they could not be begun, and would fill the window
  /// so that their retries are never read to the end.
  private func boundRetries() {
    let recordsMax = max(1, settings.windowRecordsMax / 4)
    consumer.undrained = Set(
      consumer.assignment.filter { partition in
        guard isRetry(partition) else {
          return !scans.isEmpty && scans[retryPartition(of: partition)] != nil
        }
        return scans[partition] == nil
          && table.windowRecords(of: partitions.number(partition)) >= recordsMax
      })
  }

  // MARK: Commit

  func commitIfDue(nowMs: Int64) {
    guard nowMs >= nextCommitMs else { return }
    nextCommitMs = nowMs + Int64(settings.commitIntervalMs)
    let offsets = takeCommits(table.ownedPartitions)
    guard !offsets.isEmpty else { return }
    do {
      try consumer.commitAsync(offsets)
    } catch {
      deferCommit(error)
    }
  }

  /// Commits at once: before partitions are given back, and at the end.
  func commitNow(_ numbers: [Int]) {
    // An asynchronous commit of the same offsets may yet fail, and this is the last chance.
    for number in numbers { table.commitFailed(number) }
    let offsets = takeCommits(numbers)
    guard !offsets.isEmpty else { return }
    do {
      try consumer.commit(offsets, timeoutMs: Self.commitTimeoutMs)
      for offset in offsets { noteCommitted(offset) }
    } catch {
      // Redelivery is harmless: every effect is gated. It is worth a line, not a stop.
      log.write(.warning, "commit failed; records will come again", [.error: error])
    }
  }

  private func takeCommits(_ numbers: [Int]) -> [PartitionOffset] {
    numbers.compactMap { number in
      table.takeCommit(number).map {
        PartitionOffset(partitions.name(number), $0.offset, metadata: $0.metadata)
      }
    }
  }

  private func noteCommit(_ result: CommitResult) {
    if let error = result.error { return deferCommit(error) }
    for offset in result.offsets { noteCommitted(offset) }
  }

  /// During a rebalance the group refuses commits: the frontier is offered again.
  private func deferCommit(_ error: KafkaError) {
    for number in table.ownedPartitions { table.commitFailed(number) }
    gauges.commitFailed()
    let isExpected = [.membership, .coordinator].contains(error.kind)
    log.write(
      isExpected ? .info : .warning, "commit deferred" + (isExpected ? "" : ": \(error.remedy)"),
      [.error: error])
  }

  private func noteCommitted(_ offset: PartitionOffset) {
    let partition = offset.topicPartition
    guard table.owns(partitions.number(partition)) else { return }
    log.write(
      .debug, "committed",
      [.topic: partition.topic, .partition: partition.partition, .offset: offset.offset])
    // The gauges and those that watch are about the events.
    guard !isRetry(partition) else { return }
    gauges.committed(partition: partition.partition, offset: offset.offset)
    observe(.committed(partition: partition.partition, offset: offset.offset))
  }

  func noteFailure(_ error: KafkaError, _ partition: TopicPartition?) {
    if let partition, scans[partition] != nil, [.unknownTopic, .offset].contains(error.kind) {
      abandonScan(partition)
    }
    if error.isFatal {
      log.write(.error, "Kafka reported a fatal error", [.error: error])
      health.fail("\(error.name)")
    } else {
      log.write(.warning, "Kafka reported an error: \(error.remedy)", [.error: error])
    }
  }

  private func noteLog(_ level: Int, _ facility: String, _ message: String) {
    // syslog's levels: 3 and below are errors, 4 warnings, the rest is for debugging.
    let level: Logger.Level = level <= 3 ? .error : level == 4 ? .warning : .debug
    log.write(level, "librdkafka \(facility): \(message)")
  }
}
