// Topics and the cluster itself.

import CRdKafka

/// A topic to create.
package struct NewTopic: Sendable {
  package var name: String
  package var partitions: Int32
  /// -1: the broker's default.
  package var replication: Int32
  /// Topic settings, e.g. `retention.ms`.
  package var config: [String: String]

  package init(
    _ name: String, partitions: Int32, replication: Int32 = -1, config: [String: String] = [:]
  ) {
    self.name = name
    self.partitions = partitions
    self.replication = replication
    self.config = config
  }
}

/// The cluster as one broker sees it.
package struct ClusterDescription: Sendable {
  package struct Broker: Hashable, Sendable {
    package let id: Int32
    package let host: String
    package let port: Int32
  }
  package let brokers: [Broker]
  /// Who answered.
  package let answeredBy: String
}

/// One topic as one broker sees it.
package struct TopicDescription: Sendable {
  package struct Partition: Sendable {
    package let id: Int32
    /// -1: there is none.
    package let leader: Int32
    package let replicas: [Int32]
    package let inSync: [Int32]
  }
  package let name: String
  package let partitions: [Partition]
  /// `unknownTopicOrPartition` when there is no such topic.
  package let error: KafkaError?
}

extension AdminClient {
  /// Reaches the cluster or throws why not.
  package func describeCluster(timeoutMs: Int32) throws(KafkaError) -> ClusterDescription {
    try metadata(of: nil, isForAll: false, timeoutMs: timeoutMs) { found in
      let brokers = UnsafeBufferPointer(start: found.brokers, count: Int(found.broker_cnt))
      return ClusterDescription(
        brokers: brokers.map { broker in
          ClusterDescription.Broker(
            id: broker.id, host: broker.host.map { String(cString: $0) } ?? "", port: broker.port)
        }.sorted { $0.id < $1.id },
        answeredBy: found.orig_broker_name.map { String(cString: $0) } ?? "")
    }
  }

  /// Every topic there is.
  package func listTopics(timeoutMs: Int32) throws(KafkaError) -> [TopicDescription] {
    try metadata(of: nil, isForAll: true, timeoutMs: timeoutMs) { Self.topics($0) }
  }

  /// These topics, in this order; one that does not exist carries its error. Creates none.
  package func describeTopics(
    _ names: [String], timeoutMs: Int32
  ) throws(KafkaError) -> [TopicDescription] {
    let deadlineMs = Monotonic.nowMs + Int64(timeoutMs)
    var descriptions: [TopicDescription] = []
    for name in names {
      let leftMs = Int32(clamping: max(1, deadlineMs - Monotonic.nowMs))
      descriptions += try metadata(of: name, isForAll: false, timeoutMs: leftMs) {
        Self.topics($0)
      }
    }
    return descriptions
  }

  /// Creates topics; the outcome of each, in no certain order; one that exists is an error too.
  package func createTopics(
    _ topics: [NewTopic], timeoutMs: Int32
  ) throws(KafkaError) -> [(name: String, error: KafkaError?)] {
    var created: [OpaquePointer?] = []
    defer {
      for case let topic? in created {
        rd_kafka_NewTopic_destroy(topic)
        LiveHandles.closed()
      }
    }
    for topic in topics { created.append(try Self.make(topic)) }
    return try request(RD_KAFKA_ADMIN_OP_CREATETOPICS, timeoutMs: timeoutMs) {
      client, options, answer in
      rd_kafka_CreateTopics(client, &created, created.count, options, answer)
    } read: { event in
      var count = 0
      guard let result = rd_kafka_event_CreateTopics_result(event),
        let outcomes = rd_kafka_CreateTopics_result_topics(result, &count)
      else { return [] }
      return UnsafeBufferPointer(start: outcomes, count: count).compactMap { outcome in
        guard let outcome, let name = rd_kafka_topic_result_name(outcome) else { return nil }
        let text = rd_kafka_topic_result_error_string(outcome).map { String(cString: $0) }
        return (
          String(cString: name), KafkaError(rd_kafka_topic_result_error(outcome), message: text)
        )
      }
    }
  }

  /// The first offset the broker has, and the one after the last.
  package func watermarks(
    _ partition: TopicPartition, timeoutMs: Int32
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    try use { (client) throws(KafkaError) in
      try Offsets.watermarks(client, partition, timeoutMs)
    }
  }

  /// The first offset of each partition whose record is not older than that;
  /// `PartitionOffset.end` where there is none.
  package func offsetsForTimes(
    _ times: [(partition: TopicPartition, timestampMs: Int64)], timeoutMs: Int32
  ) throws(KafkaError) -> [PartitionOffset] {
    try use { (client) throws(KafkaError) in try Offsets.forTimes(client, times, timeoutMs) }
  }

  private static func make(_ topic: NewTopic) throws(KafkaError) -> OpaquePointer {
    var reason = [CChar](repeating: 0, count: 256)
    guard
      let pointer = rd_kafka_NewTopic_new(
        topic.name, topic.partitions, topic.replication, &reason, reason.count)
    else {
      let text = String(
        decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      throw KafkaError(.invalidArgument, message: "topic \"\(topic.name)\": \(text)")
    }
    LiveHandles.opened()
    for (name, value) in topic.config.sorted(by: { $0.key < $1.key }) {
      _ = rd_kafka_NewTopic_set_config(pointer, name, value)
    }
    return pointer
  }

  private func metadata<Result>(
    of topic: String?, isForAll: Bool, timeoutMs: Int32,
    _ body: (rd_kafka_metadata) -> Result
  ) throws(KafkaError) -> Result {
    try use { (client) throws(KafkaError) in
      let handle = topic.flatMap { rd_kafka_topic_new(client, $0, nil) }
      if handle != nil { LiveHandles.opened() }
      defer {
        if let handle {
          rd_kafka_topic_destroy(handle)
          LiveHandles.closed()
        }
      }
      if let topic, handle == nil {
        throw KafkaError(.invalidTopic, message: "bad topic \"\(topic)\"")
      }
      var found: UnsafePointer<rd_kafka_metadata>?
      let code = rd_kafka_metadata(client, isForAll ? 1 : 0, handle, &found, timeoutMs)
      if let error = KafkaError(code) { throw error }
      guard let found else { throw KafkaError(.unknown, message: "an answer without metadata") }
      LiveHandles.opened()
      defer {
        rd_kafka_metadata_destroy(found)
        LiveHandles.closed()
      }
      return body(found.pointee)
    }
  }

  private static func topics(_ found: rd_kafka_metadata) -> [TopicDescription] {
    UnsafeBufferPointer(start: found.topics, count: Int(found.topic_cnt)).map { topic in
      let partitions = UnsafeBufferPointer(start: topic.partitions, count: Int(topic.partition_cnt))
      return TopicDescription(
        name: topic.topic.map { String(cString: $0) } ?? "",
        partitions: partitions.map { partition in
          TopicDescription.Partition(
            id: partition.id, leader: partition.leader,
            replicas: Array(
              UnsafeBufferPointer(start: partition.replicas, count: Int(partition.replica_cnt))),
            inSync: Array(
              UnsafeBufferPointer(start: partition.isrs, count: Int(partition.isr_cnt))))
        }.sorted { $0.id < $1.id },
        error: KafkaError(topic.err))
    }
  }
}
