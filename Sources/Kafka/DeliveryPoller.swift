// Serving a producer's event queue: delivery reports in batches, events, awaited records.

import CRdKafka
import Synchronization

/// Serves one producer's event queue: on a thread of its own until told to stop, or in turns of
/// whoever is woken. One thread at a time.
final class DeliveryPoller: Sendable {
  typealias Waiter = CheckedContinuation<Result<DeliveryReport, KafkaError>, Never>

  /// Tickets from here up belong to `send`; the caller's own are below.
  static let awaitedTicketBit: UInt64 = 1 << 63
  /// At this many reports a batch is handed over although more are ready.
  private static let deliveriesMax = 8192
  /// The same for events, so that a flood of others cannot hold the reports back.
  private static let eventsMax = 64
  /// Also how long a stop may go unnoticed should its wake-up be missed.
  private static let pollTimeoutMs: Int32 = 250

  private let queue: Queue
  private let onDeliveries: @Sendable ([Delivery]) -> Void
  private let onEvent: (@Sendable (ClientEvent) -> Void)?
  private let stopping = Atomic<Bool>(false)
  private let failures = Atomic<Int>(0)
  private let waiters = Mutex<Waiters>(Waiters())
  private let turn = Mutex<Turn>(Turn())

  /// What one turn gathers. Empty between two turns; kept for its memory.
  private struct Turn {
    var batch: [Delivery] = []
    var awaited: [Delivery] = []
  }

  private struct Waiters {
    var next: UInt64 = 0
    var byTicket: [UInt64: Waiter] = [:]
    /// After the last poll nobody would resume a new one.
    var isClosed = false
  }

  init(
    queue: Queue, onDeliveries: @escaping @Sendable ([Delivery]) -> Void,
    onEvent: (@Sendable (ClientEvent) -> Void)?
  ) {
    self.queue = queue
    self.onDeliveries = onDeliveries
    self.onEvent = onEvent
  }

  /// Reports with an error since the start.
  var failedDeliveries: Int { failures.load(ordering: .acquiring) }

  /// The poll thread's body.
  func run() {
    while !stopping.load(ordering: .acquiring) { serve(timeoutMs: Self.pollTimeoutMs) }
    // What came with the stop: the reports of purged records among others.
    while serve(timeoutMs: 0) > 0 {}
    resumeAbandoned()
  }

  func stop() {
    stopping.store(true, ordering: .releasing)
    rd_kafka_queue_yield(queue.raw)
  }

  /// A ticket for an awaited record; its waiter is resumed exactly once, whatever happens.
  func register(_ waiter: Waiter) -> UInt64? {
    waiters.withLock { waiters in
      guard !waiters.isClosed else { return nil }
      let ticket = Self.awaitedTicketBit | waiters.next
      waiters.next &+= 1
      waiters.byTicket[ticket] = waiter
      LiveHandles.opened()
      return ticket
    }
  }

  func resume(_ ticket: UInt64, with result: Result<DeliveryReport, KafkaError>) {
    guard let waiter = waiters.withLock({ $0.byTicket.removeValue(forKey: ticket) }) else { return }
    LiveHandles.closed()
    waiter.resume(returning: result)
  }

  /// One turn without waiting. True: more may be ready, and nobody is woken for it again.
  func serveReady() -> Bool { serve(timeoutMs: 0) == Self.eventsMax }

  /// How many events came. One batch gathers every report that is ready, not only the first
  /// event's: waking the receiver up once a record is what costs most.
  @discardableResult
  private func serve(timeoutMs: Int32) -> Int {
    turn.withLock { serve(timeoutMs: timeoutMs, &$0) }
  }

  private func serve(timeoutMs: Int32, _ turn: inout Turn) -> Int {
    defer { turn.batch.removeAll(keepingCapacity: true) }
    var events = 0
    while events < Self.eventsMax, turn.batch.count < Self.deliveriesMax {
      let came = queue.next(timeoutMs: events == 0 ? timeoutMs : 0) { event in
        if rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR {
          collect(event, into: &turn)
        } else if let onEvent, let news = Client.event(event) {
          onEvent(news)
        }
      }
      guard came else { break }
      events += 1
      // librdkafka counts a record as queued until its event is gone: whoever waited for the
      // record must not find it in that figure.
      if !turn.awaited.isEmpty { resumeAwaited(&turn) }
    }
    if !turn.batch.isEmpty { onDeliveries(turn.batch) }
    return turn.batch.count >= Self.deliveriesMax ? Self.eventsMax : events
  }

  private func collect(_ event: OpaquePointer, into turn: inout Turn) {
    while let message = rd_kafka_event_message_next(event) {
      let delivery = Self.delivery(message)
      if delivery.error != nil { failures.add(1, ordering: .relaxed) }
      if delivery.ticket & Self.awaitedTicketBit == 0 {
        turn.batch.append(delivery)
      } else {
        turn.awaited.append(delivery)
      }
    }
  }

  private func resumeAwaited(_ turn: inout Turn) {
    for delivery in turn.awaited {
      if let error = delivery.error {
        resume(delivery.ticket, with: .failure(error))
      } else {
        let report = DeliveryReport(partition: delivery.partition, offset: delivery.offset)
        resume(delivery.ticket, with: .success(report))
      }
    }
    turn.awaited.removeAll(keepingCapacity: true)
  }

  private static func delivery(_ message: UnsafePointer<rd_kafka_message_t>) -> Delivery {
    let code = message.pointee.err
    let persistence: Persistence =
      switch rd_kafka_message_status(message) {
      case RD_KAFKA_MSG_STATUS_PERSISTED: .yes
      case RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED: .possibly
      default: .no
      }
    // Not rd_kafka_message_errstr: of a produced message 2.0.2 returns the payload as the text.
    let error = code == RD_KAFKA_RESP_ERR_NO_ERROR ? nil : KafkaError(KafkaError.Code(code))
    return Delivery(
      ticket: UInt64(UInt(bitPattern: message.pointee._private)),
      partition: message.pointee.partition, persistence: persistence,
      offset: error == nil ? message.pointee.offset : PartitionOffset.none, error: error)
  }

  private func resumeAbandoned() {
    let left = waiters.withLock { waiters in
      waiters.isClosed = true
      defer { waiters.byTicket = [:] }
      return waiters.byTicket
    }
    for waiter in left.values {
      LiveHandles.closed()
      waiter.resume(returning: .failure(KafkaError(.closed)))
    }
  }
}
