// The receiver's way to Kafka, small enough for tests to stand in for it.
import Kafka
import Model

/// Hands events over; the reports come to the `DeliveryRouter`.
protocol EventPublisher: Sendable {
  /// Nil when the event was handed over: exactly one report with this ticket follows. Otherwise
  /// why not, and no report follows. `value` is the event's exact bytes.
  func publish(_ event: Event, value: UnsafeRawBufferPointer, ticket: UInt64) -> Rejection?

  /// Waits for reports up to `timeoutMs`; returns how many events were given up.
  func close(timeoutMs: Int32) -> Int
}

/// The real one.
struct KafkaPublisher: EventPublisher {
  let producer: Producer
  let topic: ProducerTopic

  func publish(_ event: Event, value: UnsafeRawBufferPointer, ticket: UInt64) -> Rejection? {
    guard let key = event.key?.encoded else {
      return produce(event, key: nil, value: value, ticket: ticket)
    }
    return key.withUnsafeBytes { produce(event, key: $0, value: value, ticket: ticket) }
  }

  private func produce(
    _ event: Event, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer, ticket: UInt64
  ) -> Rejection? {
    do throws(KafkaError) {
      try producer.produce(
        to: topic, key: key, value: value, headers: event.headers, ticket: ticket)
      return nil
    } catch {
      return DeliveryRouter.rejection(error)
    }
  }

  func close(timeoutMs: Int32) -> Int { producer.close(timeoutMs: timeoutMs) }
}
