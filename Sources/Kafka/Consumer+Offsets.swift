// Offsets: commit, look up, move. Every look-up blocks its caller up to its time-out.

import CRdKafka

extension Consumer {
  /// Commits exactly these offsets with their metadata and waits for the broker's answer. Throws
  /// the first error of the request or of a partition; after `timedOut` the outcome is unknown.
  package func commit(_ offsets: [PartitionOffset], timeoutMs: Int32) throws(KafkaError) {
    guard !offsets.isEmpty else { return }
    // Not rd_kafka_commit: that one waits for ever.
    let answer = try Queue(new: client)
    defer { answer.close() }
    try check(
      PartitionList.with(offsets) { rd_kafka_commit_queue(client, $0, answer.raw, nil, nil) })
    var error: KafkaError? = KafkaError(.timedOut, message: "no answer to an offset commit")
    _ = answer.next(timeoutMs: timeoutMs) { error = commitResult($0).error }
    if let error { throw error }
  }

  /// The same without waiting: the outcome comes as a `.committed` event with this token.
  package func commitAsync(
    _ offsets: [PartitionOffset], token: UInt64 = 0
  ) throws(KafkaError) {
    guard !offsets.isEmpty else { return }
    try check(
      PartitionList.with(offsets) {
        rd_kafka_commit_queue(
          client, $0, events.raw, nil, UnsafeMutableRawPointer(bitPattern: UInt(token)))
      })
  }

  /// The group's committed offsets with their metadata; `PartitionOffset.none` where there is none.
  package func committed(
    _ partitions: [TopicPartition], timeoutMs: Int32
  ) throws(KafkaError) -> [PartitionOffset] {
    guard !partitions.isEmpty else { return [] }
    return try lookUp(partitions.map { PartitionOffset($0) }) {
      rd_kafka_committed(client, $0, timeoutMs)
    }
  }

  /// The offset after the last record that `poll` brought. Does not ask the cluster.
  package func position(_ partitions: [TopicPartition]) throws(KafkaError) -> [PartitionOffset] {
    try lookUp(partitions.map { PartitionOffset($0) }) { rd_kafka_position(client, $0) }
  }

  /// The first offset the broker has, and the one after the last.
  package func watermarks(
    _ partition: TopicPartition, timeoutMs: Int32
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    try Offsets.watermarks(client, partition, timeoutMs)
  }

  /// The offset after the last one as the last fetch told it; nil before the first. Asks nobody.
  package func knownEnd(_ partition: TopicPartition) -> Int64? {
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_get_watermark_offsets(
      client, partition.topic, partition.partition, &low, &high)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0 ? high : nil
  }

  /// How many partitions a topic has, 0 where there is no such topic. Asks the cluster.
  package func partitionCount(of topic: String, timeoutMs: Int32) throws(KafkaError) -> Int {
    guard let handle = rd_kafka_topic_new(client, topic, nil) else {
      throw KafkaError(.invalidTopic, message: "bad topic \"\(topic)\"")
    }
    defer { rd_kafka_topic_destroy(handle) }
    var found: UnsafePointer<rd_kafka_metadata>?
    if let error = KafkaError(rd_kafka_metadata(client, 0, handle, &found, timeoutMs)) {
      throw error
    }
    guard let found else { return 0 }
    defer { rd_kafka_metadata_destroy(found) }
    guard found.pointee.topic_cnt == 1 else { return 0 }
    if let error = KafkaError(found.pointee.topics[0].err) {
      guard error.code == .unknownTopicOrPartition else { throw error }
      return 0
    }
    return Int(found.pointee.topics[0].partition_cnt)
  }

  /// The first offset of each partition whose record is at least this old; `PartitionOffset.end`
  /// where there is none.
  package func offsetsForTimes(
    _ times: [(partition: TopicPartition, timestampMs: Int64)], timeoutMs: Int32
  ) throws(KafkaError) -> [PartitionOffset] {
    try Offsets.forTimes(client, times, timeoutMs)
  }

  /// Moves the reading of assigned partitions; records already queued are thrown away.
  package func seek(_ offsets: [PartitionOffset], timeoutMs: Int32) throws(KafkaError) {
    // Up to 2.0.2 librdkafka takes the milliseconds for microseconds.
    let scale: Int32 = rd_kafka_version() <= 0x0200_02ff ? 1000 : 1
    let timeout = timeoutMs.multipliedReportingOverflow(by: scale)
    try PartitionList.with(offsets) { (list) throws(KafkaError) in
      if let error = rd_kafka_seek_partitions(
        client, list, timeout.overflow ? .max : timeout.partialValue)
      {
        throw KafkaError(consuming: error)
      }
      if let error = PartitionList.firstError(list) { throw error }
    }
    wake()
  }

  /// Stops fetching, and throws away what was prefetched: for long stops only.
  package func pause(_ partitions: [TopicPartition]) throws(KafkaError) {
    try change(partitions) { rd_kafka_pause_partitions(client, $0) }
  }

  package func resume(_ partitions: [TopicPartition]) throws(KafkaError) {
    try change(partitions) { rd_kafka_resume_partitions(client, $0) }
  }

  func commitResult(_ event: OpaquePointer) -> CommitResult {
    let list = rd_kafka_event_topic_partition_list(event)
    let error = KafkaError(rd_kafka_event_error(event))
    return CommitResult(
      token: UInt64(UInt(bitPattern: rd_kafka_event_opaque(event))),
      offsets: list.map { PartitionList.values($0) } ?? [],
      error: list.flatMap { PartitionList.firstError($0) } ?? error)
  }

  private func change(
    _ partitions: [TopicPartition], _ call: (PartitionListPointer) -> rd_kafka_resp_err_t
  ) throws(KafkaError) {
    _ = try lookUp(partitions.map { PartitionOffset($0) }, call)
  }

  private func lookUp(
    _ partitions: [PartitionOffset], _ call: (PartitionListPointer) -> rd_kafka_resp_err_t
  ) throws(KafkaError) -> [PartitionOffset] {
    try Offsets.lookUp(partitions, call)
  }
}

/// Look-ups that every kind of client can do.
enum Offsets {
  static func watermarks(
    _ client: OpaquePointer, _ partition: TopicPartition, _ timeoutMs: Int32
  ) throws(KafkaError) -> (low: Int64, high: Int64) {
    var low: Int64 = 0
    var high: Int64 = 0
    let code = rd_kafka_query_watermark_offsets(
      client, partition.topic, partition.partition, &low, &high, timeoutMs)
    if let error = KafkaError(code) { throw error }
    return (low, high)
  }

  static func forTimes(
    _ client: OpaquePointer, _ times: [(partition: TopicPartition, timestampMs: Int64)],
    _ timeoutMs: Int32
  ) throws(KafkaError) -> [PartitionOffset] {
    guard !times.isEmpty else { return [] }
    return try lookUp(times.map { PartitionOffset($0.partition, $0.timestampMs) }) {
      rd_kafka_offsets_for_times(client, $0, timeoutMs)
    }
  }

  /// Calls with a list of these partitions, and reads back what the call wrote into it.
  static func lookUp(
    _ partitions: [PartitionOffset], _ call: (PartitionListPointer) -> rd_kafka_resp_err_t
  ) throws(KafkaError) -> [PartitionOffset] {
    try PartitionList.with(partitions) { (list) throws(KafkaError) in
      if let error = KafkaError(call(list)) { throw error }
      if let error = PartitionList.firstError(list) { throw error }
      return PartitionList.values(list)
    }
  }
}
