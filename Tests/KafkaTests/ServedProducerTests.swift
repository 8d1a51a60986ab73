// A producer whose reports are served by the caller when it is woken.

import Foundation
import Kafka
import Model
import Synchronization
import Testing

@Suite struct ServedProducerTests {
  /// Runs turns on one queue.
  private final class Server: Sendable {
    let log = DeliveryLog()
    private let wakes = Atomic<Int>(0)
    private let queue = DispatchQueue(label: "served-producer")

    var wakeCount: Int { wakes.load(ordering: .relaxed) }

    func makeProducer(_ options: ProducerOptions) throws -> Producer {
      try Producer(
        options, onDeliveries: { [log] in log.add($0) },
        schedule: { turn in
          self.wakes.add(1, ordering: .relaxed)
          self.queue.async(execute: turn)
        })
    }
  }

  /// Keeps turns and runs none before it is told to.
  private final class Idler: Sendable {
    private let turns = Mutex<[@Sendable () -> Void]>([])

    func keep(_ turn: @escaping @Sendable () -> Void) { turns.withLock { $0.append(turn) } }
    func runAll() { for turn in turns.withLock({ $0 }) { turn() } }
  }

  @Test func everyReportComesAndFewWakeUpsAreNeeded() throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 3)
    let server = Server()
    let producer = try server.makeProducer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 5))
    defer { _ = producer.close(timeoutMs: 5000) }
    let topic = try producer.topic("t")
    for ticket in 0..<UInt64(20_000) {
      try producer.produce(
        to: topic, key: Array("\(ticket)".utf8), value: [7], ticket: ticket)
    }
    let deliveries = server.log.wait(count: 20_000)
    #expect(Set(deliveries.map(\.ticket)) == Set(0..<20_000))
    #expect(deliveries.count == 20_000)
    #expect(deliveries.allSatisfy { $0.error == nil && $0.persistence == .yes })
    #expect(server.wakeCount < 4000)
  }

  /// Nobody serves while it closes but the producer itself.
  @Test func closingServesWhatIsLeft() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 30)
      let cluster = try MockCluster.start()
      try cluster.createTopic("t", partitions: 1)
      let log = DeliveryLog()
      // Woken, and not served before it is closed.
      let idler = Idler()
      let producer = try Producer(
        ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 0),
        onDeliveries: { log.add($0) }, schedule: { idler.keep($0) })
      let topic = try producer.topic("t")
      for ticket in 0..<UInt64(500) {
        try producer.produce(to: topic, key: nil, value: [1], ticket: ticket)
      }
      require(producer.close(timeoutMs: 10_000) == 0, "undelivered")
      require(log.all.count == 500, "\(log.all.count) reports")
      idler.runAll()
      require(log.all.count == 500, "served after its end")
      cluster.close()
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func givenUpRecordsAreReportedToo() async {
    await #expect(processExitsWith: .success) {
      startWatchdog(seconds: 30)
      let log = DeliveryLog()
      let producer = try Producer(
        ProducerOptions(bootstrapServers: "127.0.0.1:1", messageTimeoutMs: 600_000),
        onDeliveries: { log.add($0) }, schedule: { _ in })
      let topic = try producer.topic("t")
      for ticket in 0..<UInt64(1000) {
        try producer.produce(to: topic, key: [1], value: [2], ticket: ticket)
      }
      require(producer.close(timeoutMs: 100) == 1000, "undelivered")
      require(log.all.count == 1000, "\(log.all.count) reports")
      require(LiveHandles.count == 0, "\(LiveHandles.count) handles live")
    }
  }

  @Test func awaitedRecordsAreServedToo() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("t", partitions: 1)
    let server = Server()
    let producer = try server.makeProducer(
      ProducerOptions(bootstrapServers: cluster.bootstrapServers, lingerMs: 0))
    defer { _ = producer.close(timeoutMs: 5000) }
    let report = try await producer.send(to: "t", key: nil, value: [1])
    #expect(report == DeliveryReport(partition: 0, offset: 0))
  }
}
