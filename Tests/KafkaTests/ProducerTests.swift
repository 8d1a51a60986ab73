// The producer against the mock cluster.

import Foundation
import Kafka
import Model
import Testing

@Suite(.timeLimit(.minutes(1))) struct ProducerTests {
  @Test func fiveThousandAwaitedRecords() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 4)
    let producer = try Producer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 2))
    defer { _ = producer.close(timeoutMs: 5000) }
    let reports = try await withThrowingTaskGroup(of: DeliveryReport.self) { group in
      for index in 0..<5000 {
        group.addTask {
          try await producer.send(
            to: "t", key: Array("k\(index)".utf8), value: Array("v\(index)".utf8))
        }
      }
      return try await group.reduce(into: Set<DeliveryReport>()) { $0.insert($1) }
    }
    #expect(reports.count == 5000)
    #expect(Set(reports.map(\.partition)) == [0, 1, 2, 3])
    #expect(producer.queuedMessages == 0)
  }

  @Test func whoWaitedFindsTheQueueWithoutTheRecord() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 1)
    let producer = try Producer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 0))
    defer { _ = producer.close(timeoutMs: 5000) }
    var leftOver = 0
    for _ in 0..<1000 {
      _ = try await producer.send(to: "t", key: nil, value: [1])
      leftOver += producer.queuedMessages
    }
    #expect(leftOver == 0)
  }

  @Test func ticketsComeBackInBatches() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 1)
    let log = DeliveryLog()
    let producer = try Producer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 5),
      onDeliveries: { log.add($0) })
    defer { _ = producer.close(timeoutMs: 5000) }
    let topic = try producer.topic("t")
    for ticket in 0..<UInt64(3000) {
      try producer.produce(to: topic, key: nil, value: [7], ticket: ticket)
    }
    let deliveries = log.wait(count: 3000)
    #expect(deliveries.map(\.ticket) == Array(0..<3000))
    #expect(deliveries.map(\.offset) == Array(0..<3000))
    #expect(deliveries.allSatisfy { $0.error == nil && $0.persistence == .yes })
    #expect(log.batchCount < 300)
  }

  @Test func retriableProduceErrorsAreAbsorbed() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 1)
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: cluster.bootstrapServers, lingerMs: 0, messageTimeoutMs: 10_000))
    defer { _ = producer.close(timeoutMs: 5000) }
    cluster.pushErrors(.produce, [.notLeader, .requestTimedOut])
    let report = try await producer.send(to: "t", key: nil, value: [1])
    #expect(report == DeliveryReport(partition: 0, offset: 0))
  }

  @Test func brokerVerdictReachesTheReport() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 1)
    let log = DeliveryLog()
    let producer = try Producer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 0),
      onDeliveries: { log.add($0) })
    defer { _ = producer.close(timeoutMs: 5000) }
    cluster.pushErrors(.produce, [.topicAuthorization])
    try producer.produce(
      to: producer.topic("t"), key: nil, value: Array("personal data".utf8), ticket: 41)
    let delivery = try #require(log.wait(count: 1).first)
    #expect(delivery.ticket == 41)
    #expect(delivery.error?.description.contains("personal") == false, "no payload in errors")
    #expect(delivery.error?.code == .topicAuthorization)
    #expect(delivery.error?.label == "authorization")
    #expect(delivery.offset == PartitionOffset.none)
    #expect(delivery.persistence == .no)
  }

  @Test func unreachableClusterTimesOutAsNotStored() async throws {
    let log = DeliveryLog()
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: "127.0.0.1:1", lingerMs: 0, messageTimeoutMs: 400,
        socketTimeoutMs: 300),
      onDeliveries: { log.add($0) })
    defer { _ = producer.close(timeoutMs: 0) }
    try producer.produce(to: producer.topic("t"), key: nil, value: [1], ticket: 1)
    let delivery = try #require(log.wait(count: 1).first)
    #expect(delivery.error?.code == .messageTimedOut)
    #expect(delivery.error?.isRetriable == true)
    #expect(delivery.persistence == .no)
  }

  @Test func fullQueueIsAnErrorAtOnce() async throws {
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: "127.0.0.1:1", messageTimeoutMs: 60_000, queueMessagesMax: 10))
    defer { _ = producer.close(timeoutMs: 0) }
    let topic = try producer.topic("t")
    for ticket in 0..<UInt64(10) {
      try producer.produce(to: topic, key: nil, value: [1], ticket: ticket)
    }
    let error = #expect(throws: KafkaError.self) {
      try producer.produce(to: topic, key: nil, value: [1], ticket: 10)
    }
    #expect(error?.code == .queueFull)
    #expect(error?.isRetriable == true)
    // The awaited form throws the same, and does not wait for ever.
    let awaited = await #expect(throws: KafkaError.self) {
      try await producer.send(to: "t", key: nil, value: [1])
    }
    #expect(awaited?.code == .queueFull)
  }

  @Test func closeReportsWhatWasNotDelivered() async throws {
    let log = DeliveryLog()
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: "127.0.0.1:1", messageTimeoutMs: 60_000, queueMessagesMax: 26),
      onDeliveries: { log.add($0) })
    let topic = try producer.topic("t")
    for ticket in 0..<UInt64(25) {
      try producer.produce(to: topic, key: nil, value: [1], ticket: ticket)
    }
    async let awaited = #expect(throws: KafkaError.self) {
      try await producer.send(to: "t", key: nil, value: [1])
    }
    try await waitUntilFull(producer)
    #expect(producer.close(timeoutMs: 50) == 26)
    #expect(producer.close(timeoutMs: 50) == 26)
    #expect(log.all.count == 25)
    #expect(log.all.allSatisfy { $0.error?.code == .purgedInQueue })
    #expect(await awaited?.code == .purgedInQueue)
    let error = #expect(throws: KafkaError.self) {
      try producer.produce(to: topic, key: nil, value: [1], ticket: 99)
    }
    #expect(error?.code == .closed)
    #expect(producer.queuedMessages == 0)
  }

  /// The awaited record is in when no further one is taken. The suite's time limit ends the wait by
  /// cancelling it: a number of turns may be over before the record's task has had its first.
  private func waitUntilFull(_ producer: Producer) async throws {
    while producer.queuedMessages != 26 {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  @Test func statisticsAreEvents() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    let (events, feed) = AsyncStream.makeStream(of: ClientEvent.self)
    let producer = try Producer(
      ProducerOptions(
        bootstrapServers: cluster.bootstrapServers, clientId: "stats", statisticsIntervalMs: 50),
      onEvent: { feed.yield($0) })
    defer { _ = producer.close(timeoutMs: 0) }
    var statistics: String?
    for await case .statistics(let text) in events {
      statistics = text
      break
    }
    #expect(statistics?.contains("\"stats#producer-") == true)
  }

  @Test func concurrentProduceAndCloseNeverTouchAClosedHandle() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 2)
    for _ in 0..<5 {
      let producer = try Producer(ProducerOptions(bootstrapServers: cluster.bootstrapServers))
      let topic = try producer.topic("t")
      await withTaskGroup(of: Void.self) { group in
        for task in 0..<3 {
          group.addTask {
            for ticket in 0..<UInt64(100_000) {
              do throws(KafkaError) {
                try producer.produce(to: topic, key: [UInt8(task)], value: [1], ticket: ticket)
              } catch {
                if error.code == .closed { return }
                await Task.yield()
              }
            }
          }
        }
        group.addTask { _ = producer.close(timeoutMs: 20) }
      }
    }
  }
}
