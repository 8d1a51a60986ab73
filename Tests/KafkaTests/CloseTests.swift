// Closing leaves no handle behind and never hangs. Each in a process of its own: the count of live
// handles is the whole process's, and a hang must end it.

import Foundation
import Kafka
import Model
import Testing

@Suite struct CloseTests {
  @Test func everyClientGivesEverythingBack() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 30)
      let cluster = try MockCluster.start(brokers: 2)
      try cluster.createTopic("t", partitions: 2)
      try fill(cluster.bootstrapServers, "t", count: 500)
      let consumer = try Consumer(
        ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "g"))
      try consumer.assign([PartitionOffset(TopicPartition("t", 0), 0)])
      var reading = Reading()
      require(reading.until(consumer, recordsMax: 10) { $0.recordCount >= 10 }, "no records")
      try consumer.commit([PartitionOffset(TopicPartition("t", 0), 10)], timeoutMs: 5000)
      require(LiveHandles.count > 0, "the counter counts nothing")
      // Records are left in the partition's queue, and a commit's answer is on its way.
      try consumer.commitAsync([PartitionOffset(TopicPartition("t", 0), 11)], token: 1)
      consumer.close(timeoutMs: 5000)
      consumer.close(timeoutMs: 5000)
      let admin = try AdminClient(bootstrapServers: cluster.bootstrapServers)
      require(try admin.describeCluster(timeoutMs: 5000).brokers.count == 2, "brokers")
      admin.close()
      cluster.close()
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func producerWithUndeliveredRecords() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 30)
      let producer = try Producer(
        ProducerOptions(bootstrapServers: "127.0.0.1:1", messageTimeoutMs: 600_000))
      let topic = try producer.topic("t")
      var headers = HeaderList()
      headers.append("name", "value")
      for ticket in 0..<UInt64(1000) {
        try producer.produce(
          to: topic, key: [1], value: [2], headers: headers, ticket: ticket)
      }
      require(producer.close(timeoutMs: 100) == 1000, "undelivered")
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func producerWithRecordsInFlight() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 30)
      let cluster = try MockCluster.start()
      try cluster.createTopic("t", partitions: 1)
      let producer = try Producer(
        ProducerOptions(
          bootstrapServers: cluster.bootstrapServers, lingerMs: 0, messageTimeoutMs: 60_000))
      let topic = try producer.topic("t")
      try producer.produce(to: topic, key: nil, value: [1], ticket: 1)
      require(producer.flush(timeoutMs: 10_000), "first record")
      try cluster.setRoundTrip(broker: 1, ms: 20_000)
      try producer.produce(to: topic, key: nil, value: [1], ticket: 2)
      require(producer.close(timeoutMs: 300) == 1, "undelivered")
      cluster.close()
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func droppedClientsCloseThemselves() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 30)
      do {
        let cluster = try MockCluster.start()
        _ = try Producer(ProducerOptions(bootstrapServers: cluster.bootstrapServers))
        _ = try AdminClient(bootstrapServers: cluster.bootstrapServers)
        _ = try Consumer(
          ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "g"))
      }
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  /// A member that never answered its rebalances: closing answers for it.
  @Test func memberWithAnUnansweredRebalance() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 40)
      let cluster = try MockCluster.start()
      try cluster.createTopic("t", partitions: 4)
      let options = ConsumerOptions(
        bootstrapServers: cluster.bootstrapServers, groupId: "g", sessionTimeoutMs: 10_000,
        heartbeatIntervalMs: 100)
      let consumer = try Consumer(options)
      try consumer.subscribe(["t"])
      var reading = Reading()
      require(reading.until(consumer) { !$0.assigned.isEmpty }, "never assigned")
      require(consumer.isRebalancing, "no answer is owed")
      require(consumer.close(timeoutMs: 10_000), "the group was not left")
      cluster.close()
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func memberWithAnUnansweredRevoke() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 40)
      let cluster = try MockCluster.start()
      try cluster.createTopic("t", partitions: 4)
      let consumer = try Consumer(
        ConsumerOptions(
          bootstrapServers: cluster.bootstrapServers, groupId: "g", sessionTimeoutMs: 4000,
          heartbeatIntervalMs: 100))
      try consumer.subscribe(["t"])
      var reading = Reading()
      require(reading.until(consumer) { !$0.assigned.isEmpty }, "never assigned")
      try consumer.completeAssign(reading.assigned[0].map { PartitionOffset($0) })
      cluster.pushErrors(.heartbeat, [.unknownMember])
      require(reading.until(consumer) { !$0.revoked.isEmpty }, "never revoked")
      require(consumer.isRebalancing, "no answer is owed")
      require(consumer.close(timeoutMs: 10_000), "the group was not left")
      cluster.close()
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  /// librdkafka 2.0.2 would abort the process here.
  @Test func cooperativeMembersClosedAtAnyMomentOfJoining() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 40)
      let cluster = try MockCluster.start()
      try cluster.createTopic("t", partitions: 4)
      // The first round closes before the join is answered, the next ones around its answer.
      for pollsMax in [0, 30, 31] {
        let consumers = try (0..<4).map { index in
          try Consumer(
            ConsumerOptions(
              bootstrapServers: cluster.bootstrapServers, groupId: "g\(pollsMax)",
              clientId: "c\(index)", assignmentStrategy: .cooperativeSticky,
              sessionTimeoutMs: 4000))
        }
        for consumer in consumers { try consumer.subscribe(["t"]) }
        for _ in 0..<pollsMax {
          for consumer in consumers { _ = consumer.poll(recordsMax: 0, timeoutMs: 25) }
        }
        for consumer in consumers { consumer.close(timeoutMs: 200) }
      }
      cluster.close()
    }
  }

  /// The leaving is never answered: closing must still end, at whatever moment its time is up.
  @Test func membersOfAClusterThatStandsStill() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 40)
      let ended = DispatchSemaphore(value: 0)
      for timeoutMs in Int32(0)..<8 {
        Thread.detachNewThread {
          do { try closeWithoutAnAnswer(timeoutMs) } catch { require(false, "\(error)") }
          ended.signal()
        }
      }
      for _ in 0..<8 { ended.wait() }
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func consumerOfADeadCluster() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 40)
      let cluster = try MockCluster.start()
      try cluster.createTopic("t", partitions: 1)
      let consumer = try Consumer(
        ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "g"))
      try consumer.subscribe(["t"])
      var reading = Reading()
      require(reading.until(consumer) { !$0.assigned.isEmpty }, "never assigned")
      try consumer.completeAssign(reading.assigned[0].map { PartitionOffset($0) })
      cluster.close()
      consumer.close(timeoutMs: 1000)
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }
}

private func closeWithoutAnAnswer(_ timeoutMs: Int32) throws {
  let cluster = try MockCluster.start()
  defer { cluster.close() }
  try cluster.createTopic("t", partitions: 4)
  let consumer = try Consumer(
    ConsumerOptions(
      bootstrapServers: cluster.bootstrapServers, groupId: "g", sessionTimeoutMs: 6000,
      socketTimeoutMs: 2000))
  try consumer.subscribe(["t"])
  var reading = Reading()
  require(reading.until(consumer) { !$0.assigned.isEmpty }, "never assigned")
  try consumer.completeAssign(reading.assigned[0].map { PartitionOffset($0) })
  try cluster.setRoundTrip(broker: 1, ms: 30_000)
  let begin = Date()
  require(!consumer.close(timeoutMs: timeoutMs), "the group was left without an answer")
  require(Date().timeIntervalSince(begin) < 6, "closing took too long")
}
