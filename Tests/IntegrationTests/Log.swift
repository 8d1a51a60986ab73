// The events topic as it stands, read without a group.
import Kafka
import Model
import Testing

/// Every record of the events topic.
struct Log {
  struct Entry {
    let partition: Int64
    let offset: Int64
    let timestampMs: Int64
    let key: RecordKey
  }

  private(set) var records: [Entry] = []
  /// One past the last offset, by partition; empty partitions are left out.
  private(set) var ends: [Int64: Int64] = [:]

  /// Reads exactly `count` records, which must be there. (The stand-alone broker's own "latest
  /// offset" is the start of the last batch, so the end is told by counting.)
  init(bootstrapServers: String, count: Int, topic: String = "hookferry.events") throws {
    let admin = try AdminClient(bootstrapServers: bootstrapServers)
    defer { admin.close() }
    let partitions = try admin.describeTopics([topic], timeoutMs: 5000).flatMap(\.partitions)
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: bootstrapServers, groupId: "log-reader"))
    try consumer.assign(
      partitions.map { PartitionOffset(TopicPartition(topic, $0.id), PartitionOffset.beginning) })
    // Each poll waits up to 100 ms: 30 s in all.
    for _ in 0..<300 where records.count < count {
      for case .records(let partition, let batch) in consumer.poll(recordsMax: 500, timeoutMs: 100)
      {
        for record in batch {
          records.append(
            Entry(
              partition: Int64(partition.partition), offset: record.offset,
              timestampMs: record.timestampMs,
              key: try #require(RecordKey(encoded: record.key ?? []))))
        }
      }
    }
    consumer.close(timeoutMs: 5000)
    try #require(records.count == count)
    for (partition, entries) in Dictionary(grouping: records, by: \.partition) {
      try #require(entries.map(\.offset) == Array(0..<Int64(entries.count)))
      ends[partition] = Int64(entries.count)
    }
  }

  func isCommitted(_ frontier: Frontier) -> Bool {
    ends.allSatisfy { frontier.offsets[$0.key] == $0.value }
  }
}
