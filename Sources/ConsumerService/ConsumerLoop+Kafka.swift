// The loop's dealings with Kafka: records in, partitions given and taken, frontiers committed.
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

/// TopicPartition to the small number that LaneTable knows it by, and back.
struct PartitionIndex {
  private var numbers: [TopicPartition: Int] = [:]
  private var names: [TopicPartition] = []

  mutating func number(_ partition: TopicPartition) -> Int {
    if let number = numbers[partition] { return number }
    names.append(partition)
    numbers[partition] = names.count - 1
    return names.count - 1
  }

  func name(_ number: Int) -> TopicPartition { names[number] }
}

extension ConsumerLoop {
  private static let commitTimeoutMs: Int32 = 5000

  func serveKafka(nowMs: Int64) {
    admitHeld()
    let budget = pollBudget
    var polled = 0
    for event in consumer.poll(recordsMax: budget, timeoutMs: 0) {
      switch event {
      case .records(let partition, let records):
        polled += records.count
        logReceived(partition, records)
        admit(records.map { Work(partition: partition, record: $0, receivedMs: nowMs) })
      case .assigned(let assigned): assign(assigned)
      case .revoked(let revoked, let isLost): beginRevocation(revoked, isLost, nowMs: nowMs)
      case .committed(let result): noteCommit(result)
      case .failure(let error, _): noteFailure(error)
      case .log(let level, let facility, let message): noteLog(level, facility, message)
      case .endOfPartition, .statistics: break
      }
    }
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

  private func admitHeld() {
    guard !held.isEmpty else { return }
    let waiting = held
    held = []
    admit(waiting)
  }

  private func admit(_ works: [Work]) {
    for work in works {
      let number = partitions.number(work.partition)
      let record = work.record
      switch table.admission(partition: number, offset: record.offset) {
      case .accept: receive(work, number)
      case .hold: held.append(work)
      case .ignore: break
      case .rewound:
        log.write(
          .warning, "the log went back: its records are taken again",
          [.partition: work.partition.partition, .offset: record.offset])
        // Old tickets become stale; what they still write is gated.
        table.drop(number)
        table.assign(number)
        receive(work, number)
      }
    }
  }

  private func receive(_ work: Work, _ number: Int) {
    table.receive(
      partition: number, offset: work.record.offset, key: work.record.key,
      bytes: work.record.byteCount, item: work)
  }

  // MARK: Rebalance

  private func assign(_ assigned: [TopicPartition]) {
    for partition in assigned { table.assign(partitions.number(partition)) }
    health.joined()
    answer { () throws(KafkaError) in
      try consumer.completeAssign(assigned.map { PartitionOffset($0, PartitionOffset.stored) })
    }
    log.write(.info, "partitions assigned", [.partition: assigned.map(\.partition).sorted()])
    gauges.rebalanced()
    observe(.assigned(partitions: assigned.count))
  }

  private func beginRevocation(_ revoked: [TopicPartition], _ isLost: Bool, nowMs: Int64) {
    for partition in revoked { table.fence(partitions.number(partition)) }
    held.removeAll { revoked.contains($0.partition) }
    // A lost partition has a new owner already: nothing to wait for, nothing to commit.
    let waitMs = isLost ? 0 : Int64(min(settings.drainTimeoutMs, settings.sessionTimeoutMs / 2))
    revocation = Revocation(partitions: revoked, isLost: isLost, deadlineMs: nowMs + waitMs)
  }

  /// Ends a revocation once the work under way has ended, or its time is up.
  func progressRevocation(nowMs: Int64) {
    guard let revocation else { return }
    let numbers = Set(revocation.partitions.map { partitions.number($0) })
    guard table.inFlight(of: numbers) == 0 || nowMs >= revocation.deadlineMs else { return }
    if !revocation.isLost { commitNow(Array(numbers)) }
    for number in numbers { table.drop(number) }
    self.revocation = nil
    answer { () throws(KafkaError) in try consumer.completeRevoke() }
    log.write(
      .info, revocation.isLost ? "partitions lost" : "partitions revoked",
      [.partition: revocation.partitions.map(\.partition).sorted()])
    gauges.rebalanced()
    for partition in revocation.partitions { gauges.revoked(partition: partition.partition) }
    observe(.revoked(partitions: numbers.count, isLost: revocation.isLost))
  }

  /// A rebalance answer that fails leaves the group to time this member out: say so.
  private func answer(_ call: () throws(KafkaError) -> Void) {
    do {
      try call()
    } catch {
      noteFailure(error)
    }
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
        PartitionOffset(partitions.name(number), $0)
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
    let partition = offset.topicPartition.partition
    guard table.ownedPartitions.contains(partitions.number(offset.topicPartition)) else { return }
    gauges.committed(partition: partition, offset: offset.offset)
    log.write(.debug, "committed", [.partition: partition, .offset: offset.offset])
    observe(.committed(partition: partition, offset: offset.offset))
  }

  private func noteFailure(_ error: KafkaError) {
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
