// The receiver's way to Kafka, small enough for tests to stand in for it.
import Kafka
import Model

/// Hands events over; the reports come to the `DeliveryRouter`.
protocol EventPublisher: Sendable {
  /// Nil when the event was handed over: exactly one report with this ticket follows. Otherwise
  /// why not, and no report follows. `body` is the request's, the event's value a part of it.
  func publish(_ event: SplitEvent, in body: UnsafeRawBufferPointer, ticket: UInt64) -> Rejection?

  /// Waits for reports up to `timeoutMs`; returns how many events were given up.
  func close(timeoutMs: Int32) -> Int
}

/// The real one.
struct KafkaPublisher: EventPublisher {
  let producer: Producer
  let topic: ProducerTopic

  func publish(
    _ event: SplitEvent, in body: UnsafeRawBufferPointer, ticket: UInt64
  ) -> Rejection? {
    let headers = event.event.headers
    let value = UnsafeRawBufferPointer(rebasing: body[event.range])
    do throws(KafkaError) {
      guard let key = event.event.key?.encoded else {
        try producer.produce(
          to: topic, key: nil, value: value, headers: headers, ticket: ticket)
        return nil
      }
      try key.withUnsafeBytes { (key) throws(KafkaError) in
        try producer.produce(
          to: topic, key: key, value: value, headers: headers, ticket: ticket)
      }
      return nil
    } catch {
      return DeliveryRouter.rejection(error)
    }
  }

  func close(timeoutMs: Int32) -> Int { producer.close(timeoutMs: timeoutMs) }
}
