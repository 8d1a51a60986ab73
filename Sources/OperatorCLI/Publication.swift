// Events that a command puts into the events topic.
import Kafka
import Model
import ReceiverService
import Settings
import Synchronization

/// Publishes and counts what Kafka did not take.
final class Publication: Sendable {
  private let producer: Producer
  private let topic: ProducerTopic
  private let failures: Failures

  private final class Failures: Sendable {
    let count = Atomic<Int>(0)
  }

  private static let flushTimeoutMs: Int32 = 30_000
  /// Waits that make room in the producer's queue.
  private static let roomWaitsMax = 300

  init(_ kafka: KafkaSettings) throws {
    let failures = Failures()
    self.failures = failures
    producer = try Producer(
      ProducerOptions(
        bootstrapServers: kafka.bootstrapServers, clientId: "hookferry",
        extra: kafka.properties.mapValues { $0.reveal() }),
      onDeliveries: { deliveries in
        let failed = deliveries.count { $0.error != nil }
        failures.count.wrappingAdd(failed, ordering: .relaxed)
      })
    topic = try producer.topic(kafka.eventsTopic)
  }

  /// Waits for room where the queue is full.
  func publish(_ piece: RejectReview.Piece) throws {
    for _ in 0..<Self.roomWaitsMax {
      do throws(KafkaError) {
        return try producer.produce(
          to: topic, key: piece.key, value: piece.value, headers: piece.headers, ticket: 0)
      } catch {
        guard error.kind == .queueFull else { throw error }
        _ = producer.flush(timeoutMs: 100)
      }
    }
    throw CommandError("Kafka takes no events", remedy: "look after the brokers, then try again")
  }

  /// Waits for every report; returns how many events are not known to be stored.
  @discardableResult
  func close() -> Int {
    _ = producer.flush(timeoutMs: Self.flushTimeoutMs)
    // What is given up here has its report too.
    _ = producer.close(timeoutMs: 1000)
    return failures.count.load(ordering: .relaxed)
  }
}
