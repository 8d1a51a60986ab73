// What a group has committed, and what the topic holds.
import Kafka

enum GroupOffsets {
  static let timeoutMs: Int32 = 15_000

  /// Throws when the group has members: they would overwrite what is set.
  static func refuseActive(_ groupId: String, _ admin: AdminClient) throws {
    guard let group = try admin.describeGroups([groupId], timeoutMs: timeoutMs).first else {
      return
    }
    if let error = group.error {
      throw CommandError(
        "cannot tell whether group \(groupId) has active members: \(error)",
        remedy: error.remedy)
    }
    guard !group.members.isEmpty else { return }
    throw CommandError(
      "group \(groupId) has \(group.members.count) active members",
      remedy: "stop the consumers (scale them to 0), wait for their session to end, try again")
  }

  /// The topic's partitions, ascending; empty when there is no such topic.
  static func partitions(_ admin: AdminClient, of topic: String) throws -> [Int32] {
    let found = try admin.describeTopics([topic], timeoutMs: timeoutMs)
    return found.first?.partitions.map(\.id).sorted() ?? []
  }

  /// Committed offset and bounds of each partition; all partitions when `partitions` is empty.
  static func facts(
    _ admin: AdminClient, groupId: String, topic: String, partitions: [Int32], timeMs: Int64?
  ) throws -> [PartitionFacts] {
    let known = try Self.partitions(admin, of: topic)
    guard !known.isEmpty else {
      throw CommandError(
        "topic \(topic) does not exist", remedy: "create it with: hookferry topics create")
    }
    if let stranger = partitions.first(where: { !known.contains($0) }) {
      throw CommandError(
        "topic \(topic) has no partition \(stranger)",
        remedy: "it has \(known.count): 0 to \(known.count - 1)")
    }
    let chosen = partitions.isEmpty ? known : partitions.sorted()
    let wanted = chosen.map { TopicPartition(topic, $0) }
    var committed: [TopicPartition: Int64] = [:]
    for entry in try admin.groupOffsets(
      groupId, partitions: wanted, timeoutMs: timeoutMs)
    where entry.offset >= 0 {
      committed[entry.topicPartition] = entry.offset
    }
    var forTime: [TopicPartition: Int64] = [:]
    if let timeMs {
      for entry in try admin.offsetsForTimes(wanted.map { ($0, timeMs) }, timeoutMs: timeoutMs)
      where entry.offset >= 0 {
        forTime[entry.topicPartition] = entry.offset
      }
    }
    return try wanted.map { partition in
      let (low, high) = try admin.watermarks(partition, timeoutMs: timeoutMs)
      return PartitionFacts(
        partition: partition.partition, committed: committed[partition], earliest: low,
        latest: high, offsetForTime: forTime[partition])
    }
  }
}
