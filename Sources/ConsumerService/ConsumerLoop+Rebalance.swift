// Partitions taken away. Each partition of events goes with the retry partition of the same number,
// which the group does not know of: they are read, committed and given back together.
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

extension ConsumerLoop {
  func isRetry(_ partition: TopicPartition) -> Bool {
    retryTopic != nil && partition.topic == kafkaSettings.retryTopic
  }

  func isRetry(_ number: Int) -> Bool { isRetry(partitions.name(number)) }

  /// The one that is read along with a partition of events.
  func retryPartition(of events: TopicPartition) -> TopicPartition {
    TopicPartition(kafkaSettings.retryTopic, events.partition)
  }

  /// Whose records wait in a retry partition.
  func eventsNumber(of retry: TopicPartition) -> Int {
    partitions.number(TopicPartition(kafkaSettings.eventsTopic, retry.partition))
  }

  /// What `rewound` assigns anew.
  func role(of number: Int) -> PartitionRole {
    let name = partitions.name(number)
    if isRetry(name) { return .retry(of: eventsNumber(of: name)) }
    guard retryTopic != nil else { return .events(retry: nil) }
    return .events(retry: partitions.number(retryPartition(of: name)))
  }

  // MARK: Taken

  func beginRevocation(_ revoked: [TopicPartition], _ isLost: Bool, nowMs: Int64) {
    // What was not begun yet is not given any more.
    if assignment?.remove(revoked) == false { assignment = nil }
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
    return revoked + revoked.map { retryPartition(of: $0) }
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

  /// A rebalance answer that fails may leave this member without work until it is restarted.
  func answer(_ call: () throws(KafkaError) -> Void) {
    do {
      try call()
    } catch {
      noteFailure(error, nil)
    }
  }
}
