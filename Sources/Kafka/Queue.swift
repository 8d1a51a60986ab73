// An event queue of a client.

import CRdKafka

/// Owns one reference to a librdkafka queue; `close` gives it back.
struct Queue: Sendable {
  private let pointer: SharedPointer

  init(_ pointer: OpaquePointer) {
    self.pointer = SharedPointer(raw: pointer)
    LiveHandles.opened()
  }

  /// A queue of its own, for the answer to one request.
  init(new client: OpaquePointer) throws(KafkaError) {
    guard let pointer = rd_kafka_queue_new(client) else {
      throw KafkaError(.unknown, message: "no memory for a queue")
    }
    self.init(pointer)
  }

  var raw: OpaquePointer { pointer.raw }

  /// Waits up to `timeoutMs` for the next event and lends it to `body`. False: none came.
  func next(timeoutMs: Int32, _ body: (OpaquePointer) -> Void) -> Bool {
    guard let event = rd_kafka_queue_poll(raw, timeoutMs) else { return false }
    LiveHandles.opened()
    body(event)
    rd_kafka_event_destroy(event)
    LiveHandles.closed()
    return true
  }

  func close() {
    rd_kafka_queue_destroy(raw)
    LiveHandles.closed()
  }
}
