// Groups: rebalances wait for the application's answer.

import Foundation
import Kafka
import KafkaTestSupport
import Model
import Testing

@Suite struct GroupTests {
  private static let partitions: Int32 = 4

  private func member(
    _ servers: String, _ strategy: ConsumerOptions.AssignmentStrategy, client: String
  ) throws -> Consumer {
    let consumer = try Consumer(
      ConsumerOptions(
        bootstrapServers: servers, groupId: "g", clientId: client,
        assignmentStrategy: strategy, sessionTimeoutMs: 4000, heartbeatIntervalMs: 100))
    try consumer.subscribe(["t"])
    return consumer
  }

  /// Joins as the first member, by polls that take no record, and owns every partition.
  private func joinAlone(_ consumer: Consumer) throws -> [TopicPartition] {
    var reading = Reading()
    try #require(reading.until(consumer, recordsMax: 0) { !$0.assigned.isEmpty })
    #expect(consumer.isRebalancing)
    #expect(consumer.assignment.isEmpty)
    let assigned = reading.assigned[0]
    #expect(Set(assigned.map(\.partition)) == Set(0..<Self.partitions))
    try consumer.completeAssign(assigned.map { PartitionOffset($0) })
    #expect(!consumer.isRebalancing)
    return assigned
  }

  /// On the stand-alone broker: the mock refuses commits while a member joins, unlike Kafka.
  @Test(arguments: [ConsumerOptions.AssignmentStrategy.range, .cooperativeSticky])
  func drainBeforeUnassign(_ strategy: ConsumerOptions.AssignmentStrategy) throws {
    let broker = try StandaloneBroker()
    defer { broker.close() }
    let admin = try AdminClient(bootstrapServers: broker.bootstrapServers)
    defer { admin.close() }
    let created = try admin.createTopics(
      [NewTopic("t", partitions: Self.partitions, replication: 1)], timeoutMs: 10_000)
    try #require(created.allSatisfy { $0.error == nil })
    try drainAndHandOver(broker.bootstrapServers, strategy)
  }

  /// The first member drains and commits while the second waits; what was committed never
  /// reaches the second.
  private func drainAndHandOver(
    _ servers: String, _ strategy: ConsumerOptions.AssignmentStrategy
  ) throws {
    for partition in 0..<Self.partitions {
      try fill(servers, "t", count: 100, partition: partition)
    }
    let first = try member(servers, strategy, client: "first")
    defer { first.close(timeoutMs: 3000) }
    _ = try joinAlone(first)
    var before = Reading()
    try #require(before.until(first) { $0.recordCount == 400 })

    let second = try member(servers, strategy, client: "second")
    defer { second.close(timeoutMs: 3000) }
    var ofSecond = Reading()
    let isRevoked = before.until(first, recordsMax: 0) { reading in
      for event in second.poll(recordsMax: 1000) { ofSecond.take(event) }
      return !reading.revoked.isEmpty
    }
    try #require(isRevoked)
    let revoked = before.revoked[0]
    #expect(!revoked.isLost)
    #expect(first.isRebalancing)
    // The first is still draining: nobody else gets its partitions meanwhile.
    for _ in 0..<10 {
      for event in first.poll(recordsMax: 1000, timeoutMs: 20) { before.take(event) }
      for event in second.poll(recordsMax: 1000, timeoutMs: 20) { ofSecond.take(event) }
    }
    #expect(ofSecond.assigned.allSatisfy { $0.isEmpty })
    #expect(before.recordCount == 400)
    // Distinct offsets, so that a neighbour's would show.
    let commits = revoked.partitions.map {
      PartitionOffset($0, 60 + Int64($0.partition), metadata: "rest of \($0.partition)")
    }
    try first.commit(commits, timeoutMs: 10_000)
    try first.completeRevoke()
    try settle(first, &before, second, &ofSecond, commits)
  }

  /// Both answer what they are given, until the second has read its partitions to the end.
  private func settle(
    _ first: Consumer, _ ofFirst: inout Reading, _ second: Consumer, _ ofSecond: inout Reading,
    _ commits: [PartitionOffset]
  ) throws {
    let committed = Dictionary(uniqueKeysWithValues: commits.map { ($0.topicPartition, $0) })
    let deadline = Date(timeIntervalSinceNow: 20)
    var answered = ofFirst.assigned.count
    var answeredSecond = 0
    func isDone() -> Bool {
      !second.assignment.isEmpty && !first.assignment.isEmpty
        && second.assignment.allSatisfy {
          Int64(ofSecond.records[$0]?.count ?? 0) == 100 - (committed[$0]?.offset ?? 0)
        }
    }
    while !isDone(), Date() < deadline {
      for event in first.poll(recordsMax: 1000, timeoutMs: 20) { ofFirst.take(event) }
      for event in second.poll(recordsMax: 1000, timeoutMs: 20) { ofSecond.take(event) }
      for partitions in ofFirst.assigned[answered...] {
        try first.completeAssign(partitions.map { PartitionOffset($0) })
      }
      answered = ofFirst.assigned.count
      for partitions in ofSecond.assigned[answeredSecond...] {
        let known = try second.committed(partitions, timeoutMs: 5000)
        for known in known { #expect(known.offset == committed[known.topicPartition]?.offset) }
        try second.completeAssign(known)
      }
      answeredSecond = ofSecond.assigned.count
    }
    #expect(isDone())
    #expect(second.assignment.count == 2)
    #expect(Set(first.assignment).isDisjoint(with: second.assignment))
    for partition in second.assignment {
      let offsets = try #require(ofSecond.records[partition]).map(\.offset)
      let begin = try #require(committed[partition]).offset
      #expect(offsets == Array(begin..<100))
    }
  }

  @Test func memberThatIsThrownOutLosesItsPartitions() throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: Self.partitions)
    let consumer = try member(cluster.bootstrapServers, .cooperativeSticky, client: "lonely")
    defer { consumer.close(timeoutMs: 3000) }
    let assigned = try joinAlone(consumer)
    cluster.pushErrors(.heartbeat, [.unknownMember])
    var reading = Reading()
    try #require(reading.until(consumer) { !$0.revoked.isEmpty })
    #expect(reading.revoked[0].isLost)
    #expect(Set(reading.revoked[0].partitions) == Set(assigned))
    #expect(consumer.assignment.isEmpty)
    try consumer.completeRevoke()
    #expect(!consumer.isRebalancing)
  }

  @Test func closeGivesTheLastChanceToCommit() throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: Self.partitions)
    let consumer = try member(cluster.bootstrapServers, .range, client: "leaving")
    let assigned = try joinAlone(consumer)
    var revoked: [TopicPartition] = []
    #expect(
      consumer.close(timeoutMs: 5000) { partitions in
        revoked += partitions
        try? consumer.commit(partitions.map { PartitionOffset($0, 5) }, timeoutMs: 2000)
      })
    #expect(Set(revoked) == Set(assigned))
    let next = try Consumer(
      ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "g"))
    defer { next.close(timeoutMs: 3000) }
    #expect(
      try next.committed(assigned, timeoutMs: 5000).map(\.offset) == [5, 5, 5, 5])
  }
}
