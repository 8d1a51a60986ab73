// A consumer in this process against a mock cluster and the sandbox.
import ConsumerService
import Foundation
import Kafka
import Logging
import Model
import Sandbox
import ServiceLifecycle
import Settings
import Synchronization
import Telemetry
import Testing

/// Broker, sandbox and consumer; every step of the consumer comes through `progress`.
final class ConsumerFixture: Sendable {
  static let events = "hookferry.events"
  static let deadLetters = "hookferry.dead-letters"
  static let retries = "hookferry.retry"

  let broker: MockCluster
  let sandbox: SandboxServer
  let producer: Producer
  let progress: AsyncStream<ConsumerProgress>
  let databasePath: String
  private let directory: URL
  private let group: ServiceGroup
  private let running: Task<Void, any Error>

  /// `offsetFetchErrors`: what the broker answers first when it is asked where the group stands.
  /// `parked`: records with the numbers from 0 wait in the retry topic, and as many events of the
  /// same records behind them.
  init(
    faults: SandboxFaults = SandboxFaults(), attemptsMax: Int = 3,
    offsetFetchErrors: [KafkaError.Code] = [], parked: Int = 0, windowRecordsMax: Int = 1000
  ) async throws {
    broker = try MockCluster.start()
    broker.pushErrors(.offsetFetch, offsetFetchErrors)
    try broker.createTopic(Self.events, partitions: 2)
    try broker.createTopic(Self.deadLetters, partitions: 1)
    if parked > 0 { try broker.createTopic(Self.retries, partitions: 2) }
    var options = SandboxOptions()
    options.faults = faults
    sandbox = try SandboxServer(options)
    let apiPort = try await sandbox.start()
    directory = FileManager.default.temporaryDirectory.appending(path: "hookferry-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    databasePath = directory.appending(path: "hookferry.db").path
    let configuration = try Configuration.parse(
      text: """
        kafka:
          bootstrap_servers: "\(broker.bootstrapServers)"
        consumer:
          group_id: fixture
          listen_address: 127.0.0.1
          admin_port: 0
          commit_interval_ms: 50
          in_flight_max: 16
          window_records_max: \(windowRecordsMax)
          retry_attempts_max: \(attemptsMax)
          retry_base_ms: 10
          retry_max_ms: 50
        sources:
          crm:
            provider: hubspot
            secrets: ["text:x"]
            public_url: https://hooks.example.com/hooks/crm
        pipelines:
          crm-to-warehouse:
            from: crm
            fetch:
              provider: hubspot
              base_url: http://127.0.0.1:\(apiPort)
              token: "text:sandbox-token"
            to: warehouse
        sinks:
          warehouse:
            sqlite: "\(databasePath)"
        """, file: "fixture.yaml", environment: [:])
    producer = try Producer(
      ProducerOptions(bootstrapServers: broker.bootstrapServers, lingerMs: 0))
    for number in 0..<parked {
      try await Self.publish(
        producer, to: Self.retries, id: "parked-\(number)", recordId: "\(number)")
    }
    for number in 0..<parked {
      try await Self.publish(producer, id: "event-\(number)", recordId: "\(number)")
    }
    let (progress, sink) = AsyncStream.makeStream(of: ConsumerProgress.self)
    self.progress = progress
    var log = Logger.program(label: "fixture", write: { _ in })
    log.logLevel = .error
    let group = ServiceGroup(
      services: [ConsumerService(configuration, log: log) { sink.yield($0) }], logger: log)
    self.group = group
    running = Task {
      defer { sink.finish() }
      try await group.run()
    }
  }

  /// Publishes an event as the receiver would; `headers` may be spoilt before.
  func publish(
    id: String, type: String = "contact.propertyChange", recordId: String, source: String = "crm",
    change: (inout HeaderList) -> Void = { _ in }
  ) async throws {
    try await Self.publish(
      producer, id: id, type: type, recordId: recordId, source: source, change: change)
  }

  private static func publish(
    _ producer: Producer, to topic: String = events, id: String,
    type: String = "contact.propertyChange", recordId: String, source: String = "crm",
    change: (inout HeaderList) -> Void = { _ in }
  ) async throws {
    let event = Event(
      id: id, source: source, type: type,
      key: RecordKey(tenant: "62515", object: "contact", recordId: recordId), timeMs: 1000,
      origin: .webhook, receivedAtMs: 2000, envelope: Envelope(id: "e", index: 0, count: 1),
      verifiedBy: "hubspot-v3#0")
    var headers = event.headers
    change(&headers)
    _ = try await producer.send(
      to: topic, key: event.key?.encoded, value: Array(#"{"n":"\#(id)"}"#.utf8),
      headers: headers)
  }

  /// Drains the consumer and ends everything.
  func close() async throws {
    await group.triggerGracefulShutdown()
    let result = await running.result
    _ = producer.close(timeoutMs: 1000)
    await sandbox.stop()
    broker.close()
    try? FileManager.default.removeItem(at: directory)
    try result.get()
  }

  /// Every dead letter so far.
  func readDeadLetters(_ count: Int) throws -> [ConsumedRecord] {
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: broker.bootstrapServers, groupId: "reader"))
    defer { consumer.close(timeoutMs: 2000) }
    try consumer.assign([
      PartitionOffset(TopicPartition(Self.deadLetters, 0), PartitionOffset.beginning)
    ])
    var found: [ConsumedRecord] = []
    // Each poll waits up to 100 ms: 10 s in all.
    for _ in 0..<100 where found.count < count {
      for case .records(_, let batch) in consumer.poll(recordsMax: 100, timeoutMs: 100) {
        found += batch
      }
    }
    return found
  }
}
