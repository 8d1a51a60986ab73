// With librdkafka's mock cluster behind it: what 2xx promises is in the topic.

import Foundation
import Kafka
import Model
import Synchronization
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1)), .serialized) struct KafkaTests {
  /// Short enough for a test, nested as the boot checks demand.
  static let times = [
    "request_deadline_ms: 1200", "message_timeout_ms: 1000", "socket_timeout_ms: 500",
  ]
  static let properties = ["topic.metadata.refresh.interval.ms: 200"]

  struct Stored: Sendable {
    let key: String?
    let value: String
    let event: Event
  }

  /// Everything that is in the topic now, partition by partition. To the end and not to a number:
  /// what was answered with 503 may be stored all the same, before or behind what was not.
  static func readBack(_ cluster: MockCluster, partitions: Int32 = 4) throws -> [Stored] {
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "reader"))
    defer { _ = consumer.close(timeoutMs: 2000) }
    var unread: [TopicPartition: Int64] = [:]
    for partition in (0..<partitions).map({ TopicPartition("events", $0) }) {
      let end = try consumer.watermarks(partition, timeoutMs: 10_000).high
      if end > 0 { unread[partition] = end }
    }
    try consumer.assign(unread.keys.map { PartitionOffset($0, 0) })
    var stored: [Stored] = []
    let deadline = ContinuousClock.now + .seconds(20)
    while !unread.isEmpty {
      guard ContinuousClock.now < deadline else {
        throw Failed(description: "not read to the end: \(unread)")
      }
      let news = consumer.poll(recordsMax: 1000, timeoutMs: 200)
      for case .records(let partition, let records) in news {
        for record in records {
          if let end = unread[partition], record.offset + 1 >= end { unread[partition] = nil }
          stored.append(
            Stored(
              key: record.key.map { String(decoding: $0, as: UTF8.self) },
              value: String(decoding: record.value, as: UTF8.self),
              event: try Event(headers: record.headers)))
        }
      }
    }
    return stored
  }

  static func cluster() throws -> MockCluster {
    let cluster = try MockCluster.start()
    try cluster.createTopic("events")
    return cluster
  }

  @Test func storedAsSent() async throws {
    let cluster = try Self.cluster()
    defer { cluster.close() }
    try await Harness.with(kafka: cluster.bootstrapServers) { harness in
      _ = try await harness.receiver.ready.value()
      #expect(try await harness.admin("/readyz").status == 200)
      #expect(try await harness.post(Bodies.events(1...20)).status == 200)
      #expect(try await harness.post("not JSON at all").status == 200)
      let stored = try await offPool { try Self.readBack(cluster) }
      #expect(stored.count == 21)
      for object in 1...20 {
        let found = try #require(stored.first { $0.key == "62515/contact/\(object)" })
        #expect(found.value == Bodies.event(object))
        #expect(found.event.envelope.index == object - 1)
      }
      let keyless = try #require(stored.first { $0.key == nil })
      #expect(keyless.value == "not JSON at all")
      #expect(keyless.event.key == nil)
    }
  }

  /// The broker says no, in ways that pass and ways that do not: never a 2xx for what is not there.
  @Test(arguments: [KafkaError.Code.topicAuthorization, .notEnoughReplicas, .messageTooLarge])
  func whatTheBrokerRefusesIs503(_ code: KafkaError.Code) async throws {
    let cluster = try Self.cluster()
    defer { cluster.close() }
    let servers = cluster.bootstrapServers
    try await Harness.with(kafka: servers, Self.times, properties: Self.properties) { harness in
      _ = try await harness.receiver.ready.value()
      var accepted: [Int] = []
      var refused = 0
      for object in 0..<30 {
        // A stretch of refusals in the middle, longer than the retries of one record.
        if object == 10 {
          cluster.pushErrors(.produce, [KafkaError.Code](repeating: code, count: 500))
        }
        if object == 14 { cluster.clearErrors(.produce) }
        let answer = try await Self.post(object, on: harness, again: object == 14)
        switch answer.status {
        case 200: accepted.append(object)
        case 503:
          refused += 1
          #expect(answer.header("Retry-After") != nil)
        default: Issue.record("status \(answer.status)")
        }
      }
      #expect(refused >= 1)
      #expect(accepted.count >= 20)
      let stored = try await offPool { try Self.readBack(cluster) }
      let keys = Set(stored.compactMap(\.key))
      for object in accepted { #expect(keys.contains("62515/contact/\(object)")) }
      // An event may be stored although its request was refused; never the other way round.
      let line = try await harness.admin("/metrics").body.split(separator: "\n")
        .first { $0.hasPrefix("hookferry_receiver_events_published_total{source=\"crm\"}") }
      let published = line?.split(separator: " ").last.flatMap { Int($0) } ?? 0
      #expect(published >= accepted.count)
    }
  }

  /// `again`: until it is accepted, as a sender that comes back. librdkafka believes in a lost
  /// right until its metadata says otherwise, and waits before it dials a broker that was down.
  static func post(
    _ object: Int, on harness: Harness, again: Bool
  ) async throws -> Answer {
    let end = ContinuousClock.now + .seconds(10)
    while true {
      let answer = try await harness.post(Bodies.events(object...object))
      if !again || answer.status == 200 || ContinuousClock.now > end { return answer }
    }
  }

  @Test func withoutBrokersItIsNotReadyAndAnswers503() async throws {
    let cluster = try Self.cluster()
    defer { cluster.close() }
    try await Harness.with(kafka: cluster.bootstrapServers, Self.times) { harness in
      _ = try await harness.receiver.ready.value()
      try cluster.setBroker(1, up: false)
      #expect(try await harness.post(Bodies.events(1...1)).status == 503)
      let down = try await harness.admin("/readyz") { $0.status == 503 }
      #expect(down.status == 503)
      #expect(try await harness.admin("/livez").status == 200)
      try cluster.setBroker(1, up: true)
      #expect(try await harness.admin("/readyz", until: { $0.status == 200 }).status == 200)
      // The probe that made it ready has a connection of its own.
      #expect(try await Self.post(2, on: harness, again: true).status == 200)
    }
  }

  @Test func readinessBeginsAsFalse() async throws {
    try await Harness.with(kafka: "127.0.0.1:1") { harness in
      let answer = try await harness.admin("/readyz")
      #expect(answer.status == 503)
      #expect(answer.body.contains("no broker"))
    }
  }

  /// Many at once over few connections, on two loops: every answer meets its own request.
  @Test func manyAtOnce() async throws {
    let cluster = try Self.cluster()
    defer { cluster.close() }
    try await Harness.with(kafka: cluster.bootstrapServers, []) { harness in
      _ = try await harness.receiver.ready.value()
      try await withThrowingTaskGroup(of: Int.self) { group in
        for worker in 0..<16 {
          group.addTask {
            let sender = try await harness.connect()
            var good = 0
            for round in 0..<25 {
              let first = worker * 1000 + round * 3
              try await sender.send(Harness.request(Bodies.events(first...(first + 2))))
              if try await sender.answer().status == 200 { good += 1 }
            }
            return good
          }
        }
        let good = try await group.reduce(0, +)
        #expect(good == 400)
      }
      let stored = try await offPool { try Self.readBack(cluster) }
      #expect(Set(stored.compactMap(\.key)).count == 1200)
      #expect(Set(stored.map(\.event.envelope.id)).count == 400)
    }
  }
}
