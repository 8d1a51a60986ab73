// What became of produced records.

/// What is known about a record that was produced.
package enum Persistence: UInt8, Sendable {
  /// Never sent: surely not in the log.
  case no
  /// Sent, but not acknowledged: may be in the log.
  case possibly
  /// Acknowledged by every replica in sync.
  case yes
}

/// The delivery report of one record.
package struct Delivery: Sendable {
  /// As given to `produce`.
  package let ticket: UInt64
  package let partition: Int32
  package let persistence: Persistence
  /// `PartitionOffset.none` with an error.
  package let offset: Int64
  package let error: KafkaError?

  package init(
    ticket: UInt64, partition: Int32, persistence: Persistence, offset: Int64, error: KafkaError?
  ) {
    self.ticket = ticket
    self.partition = partition
    self.persistence = persistence
    self.offset = offset
    self.error = error
  }
}

/// Where an awaited record was stored.
package struct DeliveryReport: Hashable, Sendable {
  package let partition: Int32
  package let offset: Int64

  package init(partition: Int32, offset: Int64) {
    self.partition = partition
    self.offset = offset
  }
}
