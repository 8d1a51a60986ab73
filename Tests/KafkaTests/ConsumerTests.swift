// The consumer without a group: batches, fairness, back-pressure, positions, commits.

import Foundation
import Glibc
import Kafka
import Model
import Testing

@Suite struct ConsumerTests {
  private static let p0 = TopicPartition("t", 0)
  private static let p1 = TopicPartition("t", 1)

  private func consumer(
    _ cluster: MockCluster, group: String = "g", reset: ConsumerOptions.AutoOffsetReset = .earliest,
    ends: Bool = false, extra: [String: String] = [:]
  ) throws -> Consumer {
    try Consumer(
      ConsumerOptions(
        bootstrapServers: cluster.bootstrapServers, groupId: group, autoOffsetReset: reset,
        endOfPartition: ends, extra: extra))
  }

  private func cluster(partitions: Int32 = 2) throws -> MockCluster {
    let cluster = try MockCluster.start()
    try cluster.createTopic("t", partitions: partitions)
    return cluster
  }

  @Test func recordsArriveWholeAndInOrder() async throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let producer = try Producer(ProducerOptions(bootstrapServers: cluster.bootstrapServers))
    var headers = HeaderList()
    headers.append("ce_id", "e-1")
    headers.append("empty", "")
    headers.append("ce_id", bytes: [0, 255, 10])
    _ = try await producer.send(
      to: "t", key: Array("key".utf8), value: Array("value".utf8), headers: headers,
      timestampMs: 1_700_000_000_123, partition: 1)
    _ = try await producer.send(to: "t", key: nil, value: [], partition: 1)
    _ = try await producer.send(to: "t", key: [], value: nil, partition: 1)
    #expect(producer.close(timeoutMs: 5000) == 0)

    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p1, PartitionOffset.beginning)])
    var reading = Reading()
    #expect(reading.until(consumer) { $0.recordCount == 3 })
    let records = try #require(reading.records[Self.p1])
    #expect(records.map(\.offset) == [0, 1, 2])
    #expect(records.map(\.partition) == [1, 1, 1])
    #expect(records[0].key == Array("key".utf8))
    #expect(records[0].value == Array("value".utf8))
    #expect(records[0].timestampMs == 1_700_000_000_123)
    #expect(records[0].headers == headers)
    #expect(records[1].key == nil)
    #expect(records[1].value.isEmpty && !records[1].isTombstone)
    #expect(records[1].headers.isEmpty)
    #expect(records[2].key == [])
    #expect(records[2].isTombstone)
  }

  @Test func recordsMaxHoldsAndPartitionsTakeTurns() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    try fill(cluster.bootstrapServers, "t", count: 300, partition: 0)
    try fill(cluster.bootstrapServers, "t", count: 300, partition: 1)
    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0, 0), PartitionOffset(Self.p1, 0)])
    for _ in 0..<100 where consumer.queuedRecords.values.contains(where: { $0 < 20 }) {
      _ = consumer.poll(recordsMax: 0, timeoutMs: 100)
    }
    var first = Reading()
    for event in consumer.poll(recordsMax: 20) { first.take(event) }
    #expect(first.records[Self.p0]?.count == 10)
    #expect(first.records[Self.p1]?.count == 10)
    #expect(consumer.hasRecordsLeft)
    var rest = Reading()
    let taken = first.recordCount
    #expect(rest.until(consumer, recordsMax: 37) { $0.recordCount + taken == 600 })
    for partition in [Self.p0, Self.p1] {
      let offsets = [first, rest].flatMap { $0.records[partition] ?? [] }.map(\.offset)
      #expect(offsets == Array(0..<300))
    }
    #expect(consumer.poll(recordsMax: 10).isEmpty)
    #expect(!consumer.hasRecordsLeft)
  }

  @Test func wakeDescriptorTellsOfRecords() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0, 0)])
    _ = consumer.poll(recordsMax: 10)
    // Sent by librdkafka's own thread, at any time from now on.
    let producer = try Producer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 0))
    defer { _ = producer.close(timeoutMs: 5000) }
    let topic = try producer.topic("t")
    for ticket in 0..<UInt64(5) {
      try producer.produce(to: topic, key: nil, value: [1], ticket: ticket, partition: 0)
    }
    var reading = Reading()
    for _ in 0..<100 where reading.recordCount < 5 {
      var descriptor = pollfd(fd: consumer.wakeDescriptor, events: Int16(POLLIN), revents: 0)
      try #require(Glibc.poll(&descriptor, 1, 10_000) == 1)
      consumer.clearWake()
      for event in consumer.poll(recordsMax: 10) { reading.take(event) }
    }
    #expect(reading.recordCount == 5)
  }

  @Test func recordsMaxZeroTakesNothingAndLosesNothing() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    try fill(cluster.bootstrapServers, "t", count: 50)
    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0, 0)])
    var reading = Reading()
    for _ in 0..<100 where !consumer.hasRecordsLeft {
      for event in consumer.poll(recordsMax: 0, timeoutMs: 100) { reading.take(event) }
    }
    #expect(consumer.hasRecordsLeft)
    #expect(reading.recordCount == 0)
    #expect(reading.until(consumer) { $0.recordCount == 50 })
  }

  @Test func commitCarriesMetadataAndOffsetsAreReadBack() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    try fill(cluster.bootstrapServers, "t", count: 20)
    let consumer = try consumer(cluster)
    #expect(
      try consumer.committed([Self.p0], timeoutMs: 10_000)
        == [PartitionOffset(Self.p0, PartitionOffset.none)])
    try consumer.commit(
      [PartitionOffset(Self.p0, 7, metadata: "h1-äöü"), PartitionOffset(Self.p1, 3)],
      timeoutMs: 10_000)
    #expect(consumer.close(timeoutMs: 5000))

    let next = try self.consumer(cluster)
    defer { next.close(timeoutMs: 5000) }
    #expect(
      try next.committed([Self.p0, Self.p1], timeoutMs: 10_000) == [
        PartitionOffset(Self.p0, 7, metadata: "h1-äöü"), PartitionOffset(Self.p1, 3),
      ])
    try next.assign([PartitionOffset(Self.p0)])
    var reading = Reading()
    #expect(reading.until(next) { $0.recordCount == 13 })
    #expect(reading.records[Self.p0]?.first?.offset == 7)
    #expect(try next.position([Self.p0]) == [PartitionOffset(Self.p0, 20)])
    #expect(try next.watermarks(Self.p0, timeoutMs: 5000) == (low: 0, high: 20))
  }

  @Test(
    arguments: [
      ("earliest", PartitionOffset.beginning), ("smallest", PartitionOffset.beginning),
      ("latest", PartitionOffset.end), ("end", PartitionOffset.end),
      ("error", PartitionOffset.stored),
    ])
  func theStartWithoutACommitIsThePropertys(_ reset: String, _ start: Int64) throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let consumer = try Consumer(
      ConsumerOptions(
        bootstrapServers: cluster.bootstrapServers, groupId: "g",
        extra: ["auto.offset.reset": reset]))
    defer { consumer.close(timeoutMs: 5000) }
    #expect(consumer.uncommittedStart == start)
  }

  @Test func asynchronousCommitComesBackWithItsToken() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.commitAsync([PartitionOffset(Self.p1, 9, metadata: "m")], token: 77)
    var reading = Reading()
    // The descriptor alone says when to poll, as in an epoll loop.
    for _ in 0..<100 where reading.commits.isEmpty {
      var descriptor = pollfd(fd: consumer.wakeDescriptor, events: Int16(POLLIN), revents: 0)
      try #require(Glibc.poll(&descriptor, 1, 10_000) == 1)
      consumer.clearWake()
      for event in consumer.poll(recordsMax: 0) { reading.take(event) }
    }
    #expect(reading.commits[0].token == 77)
    #expect(reading.commits[0].error == nil)
    #expect(reading.commits[0].offsets.map(\.offset) == [9])

    cluster.pushErrors(.offsetCommit, [.groupAuthorization])
    try consumer.commitAsync([PartitionOffset(Self.p1, 10)], token: 78)
    #expect(reading.until(consumer, recordsMax: 0) { $0.commits.count == 2 })
    #expect(reading.commits[1].error?.code == .groupAuthorization)
    #expect(
      try consumer.committed([Self.p1], timeoutMs: 10_000)
        == [PartitionOffset(Self.p1, 9, metadata: "m")])
  }

  @Test func commitWithoutAnAnswerThrowsInTime() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 1000) }
    try consumer.commit([PartitionOffset(Self.p0, 1)], timeoutMs: 10_000)
    // The end waits for that answer, so it is not longer.
    try cluster.setRoundTrip(broker: 1, ms: 6000)
    let begin = ContinuousClock.now
    let error = #expect(throws: KafkaError.self) {
      try consumer.commit([PartitionOffset(Self.p0, 2)], timeoutMs: 200)
    }
    #expect(error?.code == .timedOut)
    #expect(ContinuousClock.now - begin < .seconds(5))
    try cluster.setRoundTrip(broker: 1, ms: 0)
  }

  @Test func seekMovesBackAndForth() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    try fill(cluster.bootstrapServers, "t", count: 40)
    let consumer = try consumer(cluster)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0, 0)])
    var reading = Reading()
    #expect(reading.until(consumer) { $0.recordCount == 40 })
    try consumer.seek([PartitionOffset(Self.p0, 35)], timeoutMs: 5000)
    var again = Reading()
    #expect(again.until(consumer) { $0.recordCount == 5 })
    #expect(again.records[Self.p0]?.map(\.offset) == [35, 36, 37, 38, 39])
  }

  @Test func pausedPartitionBringsNothingUntilResumed() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let consumer = try consumer(cluster, ends: true)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0, 0), PartitionOffset(Self.p1, 0)])
    var reading = Reading()
    #expect(reading.until(consumer) { $0.ends.count == 2 })
    try consumer.pause([Self.p0])
    try fill(cluster.bootstrapServers, "t", count: 10, partition: 0)
    try fill(cluster.bootstrapServers, "t", count: 10, partition: 1)
    // The end of the partition that is not paused shows that fetches went by.
    #expect(reading.until(consumer) { $0.records[Self.p1]?.count == 10 && $0.ends.count >= 3 })
    #expect(reading.records[Self.p0] == nil)
    try consumer.resume([Self.p0])
    #expect(reading.until(consumer) { $0.records[Self.p0]?.count == 10 })
  }

  @Test func missingOffsetIsAFailureWhenNoGuessIsWanted() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    let consumer = try consumer(cluster, group: "nothing-committed", reset: .error)
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0)])
    var reading = Reading()
    #expect(reading.until(consumer) { !$0.failures.isEmpty })
    #expect(reading.failures.first?.kind == .offset)
  }

  @Test func undrainedPartitionStopsOnlyItself() throws {
    let cluster = try cluster()
    defer { cluster.close() }
    try fill(cluster.bootstrapServers, "t", count: 400, partition: 0)
    let consumer = try consumer(
      cluster, extra: ["queued.min.messages": "10", "fetch.message.max.bytes": "600"])
    defer { consumer.close(timeoutMs: 5000) }
    try consumer.assign([PartitionOffset(Self.p0, 0), PartitionOffset(Self.p1, 0)])
    for _ in 0..<100 where !consumer.hasRecordsLeft {
      _ = consumer.poll(recordsMax: 0, timeoutMs: 100)
    }
    try fill(cluster.bootstrapServers, "t", count: 1, partition: 1)
    var reading = Reading()
    #expect(reading.until(consumer, recordsMax: 2) { $0.records[Self.p1] != nil })
    #expect(reading.until(consumer) { $0.records[Self.p0]?.count == 400 })
    #expect(reading.records[Self.p0]?.map(\.offset) == Array(0..<400))
  }
}
