// What several suites need: awaiting events with a deadline, and a watchdog.

import Foundation
import Kafka
import Model
import Synchronization
import Testing

/// Collects reports from the poll thread; `await` waits for a number of them, bounded.
final class DeliveryLog: Sendable {
  private let state = Mutex<[Delivery]>([])
  private let batches = Atomic<Int>(0)
  private let news = DispatchSemaphore(value: 0)

  func add(_ deliveries: [Delivery]) {
    state.withLock { $0 += deliveries }
    batches.add(1, ordering: .relaxed)
    news.signal()
  }

  var all: [Delivery] { state.withLock { $0 } }
  var batchCount: Int { batches.load(ordering: .relaxed) }

  /// What arrived by the time that there are `count` reports, or that `seconds` are over.
  func wait(count: Int, seconds: Double = 20) -> [Delivery] {
    let deadline = DispatchTime.now() + seconds
    while all.count < count, news.wait(timeout: deadline) == .success {}
    return all
  }
}

/// What a consumer brought, sorted by kind; `until` polls, bounded.
struct Reading {
  var records: [TopicPartition: [ConsumedRecord]] = [:]
  var assigned: [[TopicPartition]] = []
  var revoked: [(partitions: [TopicPartition], isLost: Bool)] = []
  var commits: [CommitResult] = []
  var ends: [(TopicPartition, Int64)] = []
  var failures: [KafkaError] = []
  var statistics: [String] = []

  var recordCount: Int { records.values.reduce(0) { $0 + $1.count } }
  var values: [String] {
    records.sorted { $0.key.partition < $1.key.partition }
      .flatMap { $0.value.map { String(decoding: $0.value, as: UTF8.self) } }
  }

  mutating func take(_ event: ConsumerEvent) {
    switch event {
    case .records(let partition, let batch): records[partition, default: []] += batch
    case .assigned(let partitions): assigned.append(partitions)
    case .revoked(let partitions, let isLost): revoked.append((partitions, isLost))
    case .committed(let result): commits.append(result)
    case .endOfPartition(let partition, let offset): ends.append((partition, offset))
    case .failure(let error, _): failures.append(error)
    case .statistics(let text): statistics.append(text)
    case .log: break
    }
  }

  /// Polls until `isEnough`, at most `seconds`; says whether it was.
  @discardableResult
  mutating func until(
    _ consumer: Consumer, recordsMax: Int = 1000, seconds: Double = 15,
    _ isEnough: (Reading) -> Bool
  ) -> Bool {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while !isEnough(self) {
      guard Date() < deadline else { return false }
      for event in consumer.poll(recordsMax: recordsMax, timeoutMs: 100) { take(event) }
    }
    return true
  }
}

/// Ends this process loudly after `seconds`: for exit tests about closing.
func startWatchdog(seconds: UInt32) {
  // SIGALRM's default action ends the process, wherever it hangs.
  alarm(seconds)
}

/// In an exit test: fails it with a message.
func require(_ condition: Bool, _ message: @autoclosure () -> String) {
  guard !condition else { return }
  FileHandle.standardError.write(Data("requirement failed: \(message())\n".utf8))
  exit(3)
}

/// Fills one partition with `value-0`, `value-1` and so on.
func fill(
  _ cluster: String, _ topic: String, count: Int, partition: Int32 = 0, from first: Int = 0,
  headers: HeaderList = HeaderList()
) throws {
  let log = DeliveryLog()
  let producer = try Producer(
    ProducerOptions(bootstrapServers: cluster, lingerMs: 0, messageTimeoutMs: 10_000),
    onDeliveries: { log.add($0) })
  defer { _ = producer.close(timeoutMs: 5000) }
  let handle = try producer.topic(topic)
  for index in first..<(first + count) {
    try producer.produce(
      to: handle, key: Array("key-\(index)".utf8), value: Array("value-\(index)".utf8),
      headers: headers, ticket: UInt64(index), partition: partition)
  }
  let deliveries = log.wait(count: count)
  try #require(deliveries.count == count)
  try #require(deliveries.allSatisfy { $0.error == nil })
}
