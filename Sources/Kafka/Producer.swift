// The idempotent producer. Records go in from any thread, reports come back on one of its own, or
// on one of the caller's.

package import Model
import CRdKafka
import Glibc
import Synchronization

/// Publishes records; each gets exactly one delivery report. Every method may be called from any
/// thread; `flush` and `close` block their caller.
package final class Producer: Sendable {
  /// Has a turn run, soon and elsewhere.
  package typealias Schedule = @Sendable (_ turn: @escaping @Sendable () -> Void) -> Void

  private let client: SharedPointer
  private let queue: Queue
  private let poller: DeliveryPoller
  /// Nil where the caller serves.
  private let thread: PollThread?
  private let wakeUp: QueueWakeUp?
  private let gate = Gate()
  private let topics = Mutex<[String: ProducerTopic]>([:])
  private let undelivered = Atomic<Int>(0)

  /// `onDeliveries` and `onEvent` are called on the poll thread, never concurrently; while they
  /// run no further report arrives. They must not call `close`.
  ///
  /// With `schedule` there is no poll thread until `close`: when something is ready it is given a
  /// turn of serving, to be run soon on one thread or queue of the caller's. It is called on
  /// librdkafka's threads with a lock held: it must be quick and call nothing here. A report that
  /// is served on the thread that produced costs one wake-up less, and its memory goes back to
  /// where it came from.
  package init(
    _ options: ProducerOptions, onDeliveries: @escaping @Sendable ([Delivery]) -> Void = { _ in },
    onEvent: (@Sendable (ClientEvent) -> Void)? = nil, schedule: Schedule? = nil
  ) throws(KafkaError) {
    let client = try Client.make(
      RD_KAFKA_PRODUCER, options.librdkafkaProperties,
      events: RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS
        | RD_KAFKA_EVENT_LOG)
    guard let main = rd_kafka_queue_get_main(client) else {
      Client.destroy(client)
      throw KafkaError(.unknown, message: "a producer without a queue")
    }
    let queue = Queue(main)
    let poller = DeliveryPoller(queue: queue, onDeliveries: onDeliveries, onEvent: onEvent)
    do throws(KafkaError) {
      thread = schedule == nil ? try PollThread { poller.run() } : nil
      wakeUp = schedule.map { [gate] in QueueWakeUp(queue, poller, gate, $0) }
    } catch {
      queue.close()
      Client.destroy(client)
      throw error
    }
    self.client = SharedPointer(raw: client)
    self.queue = queue
    self.poller = poller
  }

  deinit { _ = close(timeoutMs: 0) }

  /// Looks a topic up, for `produce(to:…)`. Does not ask the cluster.
  package func topic(_ name: String) throws(KafkaError) -> ProducerTopic {
    guard gate.enter() else { throw KafkaError(.closed) }
    defer { gate.leave() }
    let found = topics.withLock { topics -> Result<ProducerTopic, KafkaError> in
      if let known = topics[name] { return .success(known) }
      guard let pointer = rd_kafka_topic_new(client.raw, name, nil) else {
        return .failure(
          KafkaError(KafkaError.Code(rd_kafka_last_error()), message: "bad topic \"\(name)\""))
      }
      LiveHandles.opened()
      let topic = ProducerTopic(
        name: name, pointer: SharedPointer(raw: pointer), owner: ObjectIdentifier(self))
      topics[name] = topic
      return .success(topic)
    }
    return try found.get()
  }

  /// The hot path. Copies key, value and headers; never blocks. A full queue throws `queueFull`.
  /// A nil key is spread at random; a nil value is a tombstone; without `timestampMs` librdkafka
  /// reads the clock; `ticket` below 2^63 comes back in the `Delivery`. When this throws there is
  /// no delivery report.
  package func produce(
    to topic: ProducerTopic, key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?,
    headers: LentHeaders, timestampMs: Int64? = nil, ticket: UInt64
  ) throws(KafkaError) {
    check(topic, ticket)
    let record = RawRecord(
      topic: topic.pointer.raw, key: key, value: value, timestampMs: timestampMs, ticket: ticket,
      partition: nil)
    if let error = enqueue(record, headers) { throw error }
  }

  /// The same with arrays.
  package func produce(
    to topic: ProducerTopic, key: [UInt8]?, value: [UInt8]?, headers: HeaderList = HeaderList(),
    timestampMs: Int64? = nil, ticket: UInt64, partition: Int32? = nil
  ) throws(KafkaError) {
    check(topic, ticket)
    let error = enqueue(topic, key, value, headers, timestampMs, ticket, partition)
    if let error { throw error }
  }

  /// Publishes one record and waits for its report, at most `messageTimeoutMs`. Cancelling the
  /// task does not take the record back.
  package func send(
    to name: String, key: [UInt8]?, value: [UInt8]?, headers: HeaderList = HeaderList(),
    timestampMs: Int64? = nil, partition: Int32? = nil
  ) async throws(KafkaError) -> DeliveryReport {
    let topic = try topic(name)
    let result = await withCheckedContinuation { (waiter: DeliveryPoller.Waiter) in
      guard let ticket = poller.register(waiter) else {
        return waiter.resume(returning: .failure(KafkaError(.closed)))
      }
      if let error = enqueue(topic, key, value, headers, timestampMs, ticket, partition) {
        poller.resume(ticket, with: .failure(error))
      }
    }
    return try result.get()
  }

  /// Records whose report was not yet served. 0 when closed.
  package var queuedMessages: Int {
    guard gate.enter() else { return 0 }
    defer { gate.leave() }
    // librdkafka's figure counts waiting events (logs, statistics, batches of reports) as well;
    // one may come or go beside it.
    let before = rd_kafka_queue_length(queue.raw)
    let total = Int(rd_kafka_outq_len(client.raw))
    return max(0, total - max(before, rd_kafka_queue_length(queue.raw)))
  }

  /// Waits until every record has its report, without lingering. False: the time was too short.
  package func flush(timeoutMs: Int32) -> Bool {
    guard gate.enter() else { return true }
    defer { gate.leave() }
    return rd_kafka_flush(client.raw, timeoutMs) == RD_KAFKA_RESP_ERR_NO_ERROR
  }

  /// Gives up every record, sent or not; their reports say so.
  package func purge() {
    guard gate.enter() else { return }
    defer { gate.leave() }
    _ = rd_kafka_purge(client.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
  }

  /// Flushes for `timeoutMs`, gives up the rest, ends the poll thread and the client. Every record
  /// has had its report when this returns. Returns how many records were not delivered since it
  /// was called; a second call returns the same at once. Not to be called on the poll thread, nor
  /// on the caller's that serves: from here on a thread of its own does.
  package func close(timeoutMs: Int32) -> Int {
    precondition(thread?.isCurrent != true, "close called from onDeliveries or onEvent")
    let failedBefore = poller.failedDeliveries
    guard gate.shut(whileWaiting: { usleep(200) }) else {
      return undelivered.load(ordering: .acquiring)
    }
    wakeUp?.end()
    let poller = poller
    // Without a thread the closing one serves once more at the end; the records are purged then.
    let thread = thread ?? (try? PollThread { poller.run() })
    if rd_kafka_flush(client.raw, timeoutMs) != RD_KAFKA_RESP_ERR_NO_ERROR {
      _ = rd_kafka_purge(client.raw, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
      // Purging is quick but not immediate: broker threads put the reports on the queue.
      _ = rd_kafka_flush(client.raw, 2000)
    }
    poller.stop()
    if let thread { thread.join() } else { poller.run() }
    let left = poller.failedDeliveries - failedBefore
    undelivered.store(left, ordering: .releasing)
    for topic in topics.withLock({ Array($0.values) }) {
      rd_kafka_topic_destroy(topic.pointer.raw)
      LiveHandles.closed()
    }
    queue.close()
    Client.destroy(client.raw)
    return left
  }

  private func enqueue(
    _ topic: ProducerTopic, _ key: [UInt8]?, _ value: [UInt8]?, _ headers: HeaderList,
    _ timestampMs: Int64?, _ ticket: UInt64, _ partition: Int32?
  ) -> KafkaError? {
    lend(key) { key in
      lend(value) { value in
        let record = RawRecord(
          topic: topic.pointer.raw, key: key, value: value, timestampMs: timestampMs,
          ticket: ticket, partition: partition)
        return LentHeaders.with(headers) { enqueue(record, $0) }
      }
    }
  }

  private func enqueue(_ record: RawRecord, _ headers: LentHeaders) -> KafkaError? {
    guard gate.enter() else { return KafkaError(.closed) }
    defer { gate.leave() }
    var headers = RawHeaders(headers)
    return record.enqueue(client.raw, headers.take())
  }

  private func check(_ topic: ProducerTopic, _ ticket: UInt64) {
    precondition(ticket < DeliveryPoller.awaitedTicketBit, "tickets from 2^63 up are reserved")
    precondition(topic.owner == ObjectIdentifier(self), "a topic of another producer")
  }

  private func lend<Result>(
    _ bytes: [UInt8]?, _ body: (UnsafeRawBufferPointer?) -> Result
  ) -> Result {
    guard let bytes else { return body(nil) }
    return bytes.withUnsafeBytes { body($0) }
  }
}
