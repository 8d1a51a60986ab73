// A place in the log: topic, partition, offset.

/// One partition of one topic.
package struct TopicPartition: Hashable, Sendable, CustomStringConvertible {
  package let topic: String
  package let partition: Int32

  package init(_ topic: String, _ partition: Int32) {
    self.topic = topic
    self.partition = partition
  }

  package var description: String { "\(topic)[\(partition)]" }
}

/// An offset in one partition: where to read next, or what is committed.
package struct PartitionOffset: Hashable, Sendable, CustomStringConvertible {
  package var topicPartition: TopicPartition
  /// The next offset to read, or one of the logical ones below.
  package var offset: Int64
  /// Text kept beside a committed offset; brokers allow 4096 bytes by default.
  package var metadata: String?

  /// The first record that the broker still has.
  package static let beginning: Int64 = -2
  /// Behind the last record.
  package static let end: Int64 = -1
  /// The group's committed offset, or `autoOffsetReset` where there is none.
  package static let stored: Int64 = -1000
  /// No offset: nothing is committed, no such record.
  package static let none: Int64 = -1001

  package init(
    _ topicPartition: TopicPartition, _ offset: Int64 = Self.stored, metadata: String? = nil
  ) {
    self.topicPartition = topicPartition
    self.offset = offset
    self.metadata = metadata
  }

  package var description: String { "\(topicPartition)@\(offset)" }
}
