// What the consumers have committed and received, as their logs tell it.
import Kafka
import Testing

/// Committed offsets by partition, and the ranges of offsets that were received.
struct Frontier {
  private(set) var offsets: [Int64: Int64] = [:]
  private(set) var received: [Int64: [ClosedRange<Int64>]] = [:]

  var total: Int64 { offsets.values.reduce(0, +) }

  /// Every received offset, in the order of arrival, by partition.
  var receivedOffsets: [Int64: [Int64]] { received.mapValues { $0.flatMap(Array.init) } }

  /// Takes a log line in; lines of other kinds tell nothing.
  mutating func take(_ text: String) {
    guard let line = LogLine(text), let partition = line.integer("partition"),
      let offset = line.integer("offset")
    else { return }
    switch line.message {
    case "committed": offsets[partition] = max(offset, offsets[partition] ?? 0)
    case "received":
      guard let last = line.integer("limit") else { return }
      received[partition, default: []].append(offset...last)
    default: return
    }
  }

  /// What Kafka knows: a member that was killed may not have said so.
  mutating func takeCommitted(bootstrapServers: String, partitions: Int32) throws {
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: bootstrapServers, groupId: Rig.group))
    defer { consumer.close(timeoutMs: 1000) }
    let all = (0..<partitions).map { TopicPartition("hookferry.events", $0) }
    for place in try consumer.committed(all, timeoutMs: 10_000) where place.offset > 0 {
      let partition = Int64(place.topicPartition.partition)
      offsets[partition] = max(place.offset, offsets[partition] ?? 0)
    }
  }

  /// Reads lines until the condition holds; fails when they end before.
  mutating func follow(
    _ lines: AsyncStream<String>, until isReached: (Frontier) -> Bool
  ) async throws {
    for await line in lines {
      take(line)
      if isReached(self) { return }
    }
    Issue.record("the lines ended at \(offsets)")
  }
}
