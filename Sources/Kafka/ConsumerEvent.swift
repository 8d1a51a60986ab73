// What a poll of the consumer brings.

/// News of a consumer, in the order in which it is to be acted on.
package enum ConsumerEvent: Sendable {
  /// Records of one partition that is owned, in log order.
  case records(TopicPartition, [ConsumedRecord])
  /// The group gives these partitions; nothing is fetched until `completeAssign` is called, and
  /// the group waits for it.
  case assigned([TopicPartition])
  /// The group takes these partitions back and waits for `completeRevoke`: finish what is in
  /// flight, commit, then call it. No record of them comes any more. `isLost`: they may already
  /// belong to another member, so commit nothing.
  case revoked([TopicPartition], isLost: Bool)
  /// The outcome of a `commitAsync`.
  case committed(CommitResult)
  /// Everything up to this offset (exclusive) has been brought; with `endOfPartition` only.
  case endOfPartition(TopicPartition, offset: Int64)
  /// Of one partition, or of the client. Mostly informational, unless `isFatal`.
  case failure(KafkaError, TopicPartition?)
  case statistics(String)
  case log(level: Int, facility: String, message: String)
}

/// The outcome of one `commitAsync`.
package struct CommitResult: Sendable {
  /// As given to `commitAsync`.
  package let token: UInt64
  package let offsets: [PartitionOffset]
  /// Of the request, or of the first partition that was refused. `membership` and `coordinator`
  /// kinds during a rebalance are no reason to stop: the offsets go out with a later commit.
  package let error: KafkaError?

  package init(token: UInt64, offsets: [PartitionOffset], error: KafkaError?) {
    self.token = token
    self.offsets = offsets
    self.error = error
  }
}
