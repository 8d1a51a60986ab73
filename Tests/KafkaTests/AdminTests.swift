// Administration against the stand-alone broker, which knows what the mock does not.

import Foundation
import Kafka
import KafkaTestSupport
import Model
import Testing

@Suite struct AdminTests {
  private static let timeoutMs: Int32 = 15_000

  private func create(_ admin: AdminClient, _ name: String, partitions: Int32) throws {
    let created = try admin.createTopics(
      [NewTopic(name, partitions: partitions, replication: 1)], timeoutMs: Self.timeoutMs)
    #expect(created.map(\.name) == [name])
    #expect(created.allSatisfy { $0.error == nil })
  }

  @Test func topicsAreCreatedListedAndDescribed() throws {
    let broker = try StandaloneBroker()
    defer { broker.close() }
    let admin = try AdminClient(bootstrapServers: broker.bootstrapServers)
    defer { admin.close() }
    #expect(try admin.describeCluster(timeoutMs: Self.timeoutMs).brokers.count == 1)
    let created = try admin.createTopics(
      [
        NewTopic("events", partitions: 3, replication: 1, config: ["retention.ms": "60000"]),
        NewTopic("dead", partitions: 1, replication: 1),
      ], timeoutMs: Self.timeoutMs)
    #expect(Set(created.map(\.name)) == ["events", "dead"])
    #expect(created.allSatisfy { $0.error == nil })

    let again = try admin.createTopics(
      [NewTopic("events", partitions: 3, replication: 1)], timeoutMs: Self.timeoutMs)
    #expect(again.first?.error?.code == .topicAlreadyExists)
    #expect(again.first?.error?.kind == .exists)

    let described = try admin.describeTopics(["events", "nope"], timeoutMs: Self.timeoutMs)
    #expect(described.map(\.name) == ["events", "nope"])
    #expect(described[0].partitions.map(\.id) == [0, 1, 2])
    #expect(described[0].partitions.allSatisfy { $0.leader >= 0 })
    #expect(described[0].error == nil)
    #expect(described[1].error?.kind == .unknownTopic)
    #expect(described[1].partitions.isEmpty)
    // Asking about it has not created it.
    let names = Set(try admin.listTopics(timeoutMs: Self.timeoutMs).map(\.name))
    #expect(names == ["events", "dead"])
  }

  @Test func groupOffsetsAreAlteredAndReadingFollows() throws {
    let broker = try StandaloneBroker()
    defer { broker.close() }
    let admin = try AdminClient(bootstrapServers: broker.bootstrapServers)
    defer { admin.close() }
    try create(admin, "events", partitions: 2)
    try fill(broker.bootstrapServers, "events", count: 30, partition: 1)
    let partition = TopicPartition("events", 1)
    _ = try admin.alterGroupOffsets(
      "replay", [PartitionOffset(partition, 22)], timeoutMs: Self.timeoutMs)
    let offsets = try admin.groupOffsets(
      "replay", partitions: [partition], timeoutMs: Self.timeoutMs)
    #expect(offsets.map(\.offset) == [22])
    #expect(offsets.map(\.topicPartition) == [partition])
    let unknown = try admin.groupOffsets(
      "nobody", partitions: [partition], timeoutMs: Self.timeoutMs)
    #expect(unknown.map(\.offset) == [PartitionOffset.none])

    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: broker.bootstrapServers, groupId: "replay"))
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(partition)])
    var reading = Reading()
    #expect(reading.until(consumer) { $0.recordCount == 8 })
    #expect(reading.records[partition]?.map(\.offset) == Array(22..<30))
  }

  @Test func groupsAreListedAndDescribedWithTheirMembers() throws {
    let broker = try StandaloneBroker()
    defer { broker.close() }
    let admin = try AdminClient(bootstrapServers: broker.bootstrapServers)
    defer { admin.close() }
    try create(admin, "events", partitions: 2)
    let consumer = try Consumer(
      ConsumerOptions(
        bootstrapServers: broker.bootstrapServers, groupId: "live", clientId: "consumer-9",
        assignmentStrategy: .range, sessionTimeoutMs: 3000, heartbeatIntervalMs: 200))
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.subscribe(["events"])
    var reading = Reading()
    try #require(reading.until(consumer) { !$0.assigned.isEmpty })
    try consumer.completeAssign(reading.assigned[0].map { PartitionOffset($0) })
    // The broker may take a moment to call the group stable.
    var described: GroupDescription?
    reading.until(consumer, seconds: 10) { _ in
      described = try? admin.describeGroups(["live"], timeoutMs: Self.timeoutMs).first
      return described?.members.count == 1 && described?.state == .stable
    }
    let group = try #require(described)
    #expect(group.groupId == "live")
    #expect(group.error == nil)
    #expect(group.state == .stable)
    #expect(group.members.allSatisfy { !$0.memberId.isEmpty })
    // This broker lists a group from its first commit on.
    try consumer.commit(
      [PartitionOffset(TopicPartition("events", 0), 0)], timeoutMs: Self.timeoutMs)
    #expect(try admin.listGroups(timeoutMs: Self.timeoutMs).map(\.groupId) == ["live"])
  }

  @Test func offsetsForTimesFindTheFirstRecordFromThenOn() async throws {
    let broker = try StandaloneBroker()
    defer { broker.close() }
    let admin = try AdminClient(bootstrapServers: broker.bootstrapServers)
    defer { admin.close() }
    try create(admin, "events", partitions: 2)
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: broker.bootstrapServers, lingerMs: 0, messageTimeoutMs: 10_000))
    // This broker goes by the time at which it stored a batch: one batch each, at distinct times.
    var timesMs: [Int64] = []
    var storedMs: Int64 = 0
    for index in 0..<4 {
      timesMs.append(await nextTimeMs(after: storedMs))
      _ = try await producer.send(
        to: "events", key: nil, value: [UInt8(index)], partition: 1)
      // It was stored at some time between the two.
      storedMs = Self.wallMs
    }
    #expect(producer.close(timeoutMs: 5000) == 0)
    let partition = TopicPartition("events", 1)
    #expect(
      try admin.watermarks(partition, timeoutMs: Self.timeoutMs) == (low: 0, high: 4))
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: broker.bootstrapServers, groupId: "g"))
    defer { consumer.close(timeoutMs: 5000) }
    for (offset, timestampMs) in timesMs.enumerated() {
      let wanted = [(partition: partition, timestampMs: timestampMs)]
      let found = try admin.offsetsForTimes(wanted, timeoutMs: Self.timeoutMs)
      #expect(found == [PartitionOffset(partition, Int64(offset))])
      #expect(try consumer.offsetsForTimes(wanted, timeoutMs: Self.timeoutMs) == found)
    }
  }

  private static var wallMs: Int64 { Int64(Date().timeIntervalSince1970 * 1000) }

  /// The wall clock, once it is well past `timeMs`.
  private func nextTimeMs(after timeMs: Int64) async -> Int64 {
    while true {
      let nowMs = Self.wallMs
      if nowMs > timeMs + 20 { return nowMs }
      await Task.yield()
    }
  }

  @Test func watermarksAndTimesBeyondTheEnd() throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 3)
    try fill(cluster.bootstrapServers, "t", count: 30, partition: 2)
    let admin = try AdminClient(bootstrapServers: cluster.bootstrapServers)
    defer { admin.close() }
    let partition = TopicPartition("t", 2)
    #expect(
      try admin.watermarks(partition, timeoutMs: Self.timeoutMs) == (low: 0, high: 30))
    let late = try admin.offsetsForTimes(
      [(partition: partition, timestampMs: 4_000_000_000_000)], timeoutMs: Self.timeoutMs)
    #expect(late == [PartitionOffset(partition, PartitionOffset.end)])
  }

  @Test func unreachableClusterSaysWhere() throws {
    let admin = try AdminClient(bootstrapServers: "127.0.0.1:1")
    defer { admin.close() }
    let error = #expect(throws: KafkaError.self) {
      try admin.describeCluster(timeoutMs: 1500)
    }
    #expect(error?.kind == .unreachable)
    #expect(error?.message.contains("127.0.0.1:1") == true)
    #expect(error?.message.contains("Connection refused") == true)
  }

  @Test func closedClientRefuses() throws {
    let admin = try AdminClient(bootstrapServers: "127.0.0.1:1")
    admin.close()
    let error = #expect(throws: KafkaError.self) { try admin.listGroups(timeoutMs: 100) }
    #expect(error?.code == .closed)
  }
}
