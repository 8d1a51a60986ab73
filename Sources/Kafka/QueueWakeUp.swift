// Being told by librdkafka that a queue has something, instead of waiting for it.

import CRdKafka
import Synchronization

/// Has a producer's queue served in turns, wherever `schedule` runs them, whenever something came
/// into it, from the start until `end`.
final class QueueWakeUp: Sendable {
  private let queue: Queue
  private let turns: Turns

  /// One turn is scheduled at a time.
  private final class Turns: Sendable {
    private let poller: DeliveryPoller
    private let gate: Gate
    private let schedule: Producer.Schedule
    private let isScheduled = Atomic<Bool>(false)

    init(_ poller: DeliveryPoller, _ gate: Gate, _ schedule: @escaping Producer.Schedule) {
      self.poller = poller
      self.gate = gate
      self.schedule = schedule
    }

    /// Called inside librdkafka: must not call it.
    func wake() {
      guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
      schedule { self.serve() }
    }

    private func serve() {
      // First, so that what comes from here on wakes again.
      isScheduled.store(false, ordering: .sequentiallyConsistent)
      guard gate.enter() else { return }
      defer { gate.leave() }
      if poller.serveReady() { wake() }
    }
  }

  init(
    _ queue: Queue, _ poller: DeliveryPoller, _ gate: Gate, _ schedule: @escaping Producer.Schedule
  ) {
    self.queue = queue
    turns = Turns(poller, gate, schedule)
    // Not retained: librdkafka has it until `end`, and this object holds it for longer.
    rd_kafka_queue_cb_event_enable(
      queue.raw,
      { _, turns in
        guard let turns else { return }
        Unmanaged<Turns>.fromOpaque(turns).takeUnretainedValue().wake()
      }, Unmanaged.passUnretained(turns).toOpaque())
    // The first events may have come before.
    turns.wake()
  }

  /// No call begins after this, and none runs: librdkafka calls with the queue locked, and needs
  /// that lock here. Before the queue is closed.
  func end() { rd_kafka_queue_cb_event_enable(queue.raw, nil, nil) }
}
