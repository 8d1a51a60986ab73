// Being told by librdkafka that a queue has something, instead of waiting for it.

import CRdKafka

private final class Wake: Sendable {
  let call: @Sendable () -> Void
  init(_ call: @escaping @Sendable () -> Void) { self.call = call }
}

/// Calls a closure whenever something comes into an empty queue, from the start until `end`.
final class QueueWakeUp: Sendable {
  private let queue: Queue
  private let wake: Wake

  init(_ queue: Queue, _ call: @escaping @Sendable () -> Void) {
    self.queue = queue
    wake = Wake(call)
    // Not retained: librdkafka has it until `end`, and this object holds it for longer.
    rd_kafka_queue_cb_event_enable(
      queue.raw,
      { _, wake in
        guard let wake else { return }
        Unmanaged<Wake>.fromOpaque(wake).takeUnretainedValue().call()
      }, Unmanaged.passUnretained(wake).toOpaque())
    // The first events may have come before.
    call()
  }

  /// No call begins after this, and none runs: librdkafka calls with the queue locked, and needs
  /// that lock here. Before the queue is closed.
  func end() { rd_kafka_queue_cb_event_enable(queue.raw, nil, nil) }
}
