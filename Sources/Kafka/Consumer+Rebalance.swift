// Rebalances: librdkafka hands them over as events and waits until the owner answers.

import CRdKafka
import Glibc

extension Consumer {
  /// Answers an `.assigned` event: fetching begins at these offsets (`PartitionOffset.stored`: the
  /// committed ones). May leave partitions out, or be empty.
  ///
  /// `companions`: partitions of other topics, by the one they belong to. The group knows nothing
  /// of them; they are read along with their partition and given back with it.
  package func completeAssign(
    _ partitions: [PartitionOffset], companions: [TopicPartition: PartitionOffset] = [:]
  ) throws(KafkaError) {
    pendingRebalance = nil
    if !isCooperative {
      disown(owned.map(\.topicPartition))
      self.companions = [:]
    }
    let all = partitions + companions.values
    for (partition, companion) in companions {
      self.companions[partition] = companion.topicPartition
    }
    try own(all.map(\.topicPartition))
    try Self.assign(client, all)
  }

  static func assign(
    _ client: OpaquePointer, _ partitions: [PartitionOffset]
  ) throws(KafkaError) {
    try PartitionList.with(partitions) { (list) throws(KafkaError) in
      guard isCooperative(client) else { return try check(rd_kafka_assign(client, list)) }
      if let error = rd_kafka_incremental_assign(client, list) {
        throw KafkaError(consuming: error)
      }
    }
  }

  /// Answers a `.revoked` event, after what was in flight is finished and committed: only now do
  /// the partitions go to other members. To be called for lost partitions too.
  package func completeRevoke() throws(KafkaError) {
    guard case .revoke(let partitions) = pendingRebalance else { return }
    pendingRebalance = nil
    try Self.unassign(client, partitions)
  }

  static func unassign(
    _ client: OpaquePointer, _ partitions: [TopicPartition]
  ) throws(KafkaError) {
    guard isCooperative(client) else { return try check(rd_kafka_assign(client, nil)) }
    try PartitionList.with(partitions.map { PartitionOffset($0) }) { (list) throws(KafkaError) in
      if let error = rd_kafka_incremental_unassign(client, list) {
        throw KafkaError(consuming: error)
      }
    }
  }

  /// True between a rebalance event and its answer.
  package var isRebalancing: Bool { pendingRebalance != nil }

  func translate(_ event: OpaquePointer, into news: inout [ConsumerEvent]) {
    switch rd_kafka_event_type(event) {
    case RD_KAFKA_EVENT_REBALANCE:
      translateRebalance(event, into: &news)
    case RD_KAFKA_EVENT_OFFSET_COMMIT:
      news.append(.committed(commitResult(event)))
    case RD_KAFKA_EVENT_ERROR:
      news.append(.failure(Client.error(event), nil))
    default:
      switch Client.event(event) {
      case .statistics(let text): news.append(.statistics(text))
      case .log(let level, let facility, let message):
        news.append(.log(level: level, facility: facility, message: message))
      case .failure(let error): news.append(.failure(error, nil))
      // A record here would be one of a partition whose queue is not ours (any more).
      case nil: break
      }
    }
  }

  private func translateRebalance(_ event: OpaquePointer, into news: inout [ConsumerEvent]) {
    let partitions =
      rd_kafka_event_topic_partition_list(event).map {
        PartitionList.values($0).map(\.topicPartition)
      } ?? []
    switch rd_kafka_event_error(event) {
    case RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS:
      pendingRebalance = .assign
      hasBeenAssigned = true
      news.append(.assigned(partitions))
    case RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS:
      let all = partitions + partitions.compactMap { companions.removeValue(forKey: $0) }
      // What was given and never taken is taken back too; librdkafka refuses to hear of it.
      let leaving = all.filter(Set(assignment).contains)
      pendingRebalance = .revoke(leaving)
      // From here on no record of them is brought, whatever is still queued.
      disown(leaving)
      news.append(.revoked(partitions, isLost: rd_kafka_assignment_lost(client) != 0))
    default:
      // librdkafka's manual asks for this answer to every other code.
      disown(owned.map(\.topicPartition))
      companions = [:]
      _ = rd_kafka_assign(client, nil)
      news.append(.failure(Client.error(event), nil))
    }
  }

  /// Takes each partition's queue out of the common one, before fetching can begin.
  func own(_ partitions: [TopicPartition]) throws(KafkaError) {
    for partition in partitions where !owned.contains(where: { $0.topicPartition == partition }) {
      guard
        let pointer = rd_kafka_queue_get_partition(client, partition.topic, partition.partition)
      else { throw KafkaError(.unknownPartition, message: "no queue for \(partition)") }
      let queue = Queue(pointer)
      rd_kafka_queue_forward(queue.raw, nil)
      signal(queue, on: true)
      owned.append(OwnedPartition(topicPartition: partition, queue: queue))
    }
    // Outdated records of an earlier ownership may fill the queue, so that no new one turns it
    // from empty to full: have the owner look once.
    wake()
  }

  func disown(_ partitions: [TopicPartition]) {
    let leaving = Set(partitions)
    owned.removeAll { partition in
      guard leaving.contains(partition.topicPartition) else { return false }
      signal(partition.queue, on: false)
      partition.queue.close()
      return true
    }
  }

  /// Lets a queue write to the wake descriptor, or stops it: it would go on after the descriptor
  /// is closed, and its number may then be another file's.
  func signal(_ queue: Queue, on: Bool) {
    // The payload is copied.
    withUnsafeBytes(of: UInt64(1)) { one in
      rd_kafka_queue_io_event_enable(
        queue.raw, on ? wakeDescriptor : -1, one.baseAddress, one.count)
    }
  }

  func wake() {
    var one: UInt64 = 1
    _ = write(wakeDescriptor, &one, 8)
  }

  func check(_ code: rd_kafka_resp_err_t) throws(KafkaError) { try Self.check(code) }

  private static func check(_ code: rd_kafka_resp_err_t) throws(KafkaError) {
    if let error = KafkaError(code) { throw error }
  }

  /// Of the group at this moment; false before it has been joined.
  package var isCooperative: Bool { Self.isCooperative(client) }

  /// Asks the thread of the group, as every call about an assignment does.
  private static func isCooperative(_ client: OpaquePointer) -> Bool {
    guard let name = rd_kafka_rebalance_protocol(client) else { return false }
    return strcmp(name, "COOPERATIVE") == 0
  }
}
