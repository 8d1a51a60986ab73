// Reads what a topic holds now, from one end to the other, without joining a group.
import Kafka
import Settings

/// One pass over a topic.
struct TopicScan {
  let kafka: KafkaSettings
  let topic: String
  /// Since the Unix epoch; nil: from the earliest record.
  let sinceMs: Int64?
  /// Records before the pass ends.
  let recordsMax: Int

  /// The whole pass must end within this.
  private static let deadlineMs: Int64 = 120_000
  private static let batchMax = 500

  /// Calls `body` for each record in partition order; false ends the pass. Returns how many there
  /// were. The end is where the topic ended at the beginning of the pass.
  @discardableResult
  func run(_ body: (ConsumedRecord) throws -> Bool) throws -> Int {
    let ends = try bounds()
    guard !ends.isEmpty else { return 0 }
    let consumer = try Consumer(
      ConsumerOptions(
        bootstrapServers: kafka.bootstrapServers, groupId: "hookferry-scan",
        extra: kafka.properties.mapValues { $0.reveal() }))
    defer { consumer.close(timeoutMs: 0) }
    try consumer.assign(
      ends.map { PartitionOffset(TopicPartition(topic, $0.key), $0.value.lowerBound) })
    var left = ends
    var count = 0
    let end = ContinuousClock.now + .milliseconds(Self.deadlineMs)
    while !left.isEmpty, count < recordsMax {
      guard ContinuousClock.now < end else {
        throw CommandError(
          "reading \(topic) took over \(Self.deadlineMs / 1000) s",
          remedy: "narrow it down with --since or --limit")
      }
      for event in consumer.poll(recordsMax: Self.batchMax, timeoutMs: 250) {
        guard case .records(_, let records) = event else {
          if case .failure(let error, _) = event, error.isFatal { throw error }
          continue
        }
        for record in records {
          guard let range = left[record.partition], record.offset < range.upperBound else {
            left[record.partition] = nil
            continue
          }
          if record.offset == range.upperBound - 1 { left[record.partition] = nil }
          count += 1
          guard count <= recordsMax, try body(record) else { return count }
        }
      }
    }
    return count
  }

  /// First and last offset of every partition that has records.
  private func bounds() throws -> [Int32: Range<Int64>] {
    try Loaded.withAdmin(kafka) { admin in
      let partitions = try GroupOffsets.partitions(admin, of: topic)
      guard !partitions.isEmpty else {
        throw CommandError(
          "topic \(topic) does not exist", remedy: "create it with: hookferry topics create")
      }
      let all = partitions.map { TopicPartition(topic, $0) }
      var starts: [TopicPartition: Int64] = [:]
      if let sinceMs {
        for found in try admin.offsetsForTimes(
          all.map { ($0, sinceMs) }, timeoutMs: GroupOffsets.timeoutMs)
        where found.offset >= 0 { starts[found.topicPartition] = found.offset }
      }
      var bounds: [Int32: Range<Int64>] = [:]
      for partition in all {
        let (low, high) = try admin.watermarks(partition, timeoutMs: GroupOffsets.timeoutMs)
        let start = max(low, sinceMs == nil ? low : starts[partition] ?? high)
        if start < high { bounds[partition.partition] = start..<high }
      }
      return bounds
    }
  }
}
