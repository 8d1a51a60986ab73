// The consumer: one owner thread, batches out of per-partition queues, rebalances as events.

import CRdKafka
import Glibc

/// Reads partitions and commits offsets. Owned by one thread: not Sendable, every method is to be
/// called on the thread that made it.
///
/// Each owned partition has a queue of its own that is drained only for `recordsMax`: what is not
/// drained stops the fetching of that partition (`queuedRecordsMin`, `queuedKbytesMax`) and of no
/// other. Everything else is served by every `poll`, which keeps `maxPollIntervalMs` happy too.
package final class Consumer {
  /// Readable when anything is queued. In an epoll loop: `clearWake()`, then `poll(…)`.
  package let wakeDescriptor: Int32

  /// Where reading begins without a committed offset, as `auto.offset.reset` says it.
  package let uncommittedStart: Int64

  let client: OpaquePointer
  let events: Queue
  /// How long the leaving may go on after its deadline: by then its request has timed out.
  let leaveGraceMs: Int64
  let lendsRecords: Bool
  /// Partitions of which no record is taken for now. What was prefetched of them stays, and then
  /// no more is fetched: for stops that are short, or would throw much away.
  package var undrained: Set<TopicPartition> = []
  /// In the order of assignment; `nextPartition` says whose turn it is.
  var owned: [OwnedPartition] = []
  /// By the partition that they came with.
  var companions: [TopicPartition: TopicPartition] = [:]
  /// A rebalance that the group waits for.
  var pendingRebalance: PendingRebalance?
  /// Since an `.assigned` event was brought.
  var hasBeenAssigned = false
  var isClosed = false
  private var nextPartition = 0
  private var someLeft = false
  private let messages: UnsafeMutableBufferPointer<UnsafeMutablePointer<rd_kafka_message_t>?>

  /// One partition that brings records.
  struct OwnedPartition {
    let topicPartition: TopicPartition
    let queue: Queue
  }

  enum PendingRebalance {
    case assign, revoke([TopicPartition])
  }

  /// Records a call of librdkafka; larger `recordsMax` take several.
  private static let batchMax = 512
  /// Events a poll, so that a flood of them cannot keep the owner.
  private static let eventsMax = 256

  package init(_ options: ConsumerOptions) throws(KafkaError) {
    let wake = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    guard wake >= 0 else { throw KafkaError(.unknown, message: "no eventfd: errno \(errno)") }
    do throws(KafkaError) {
      client = try Client.make(
        RD_KAFKA_CONSUMER, options.librdkafkaProperties,
        events: RD_KAFKA_EVENT_REBALANCE | RD_KAFKA_EVENT_OFFSET_COMMIT | RD_KAFKA_EVENT_ERROR
          | RD_KAFKA_EVENT_STATS | RD_KAFKA_EVENT_LOG)
    } catch {
      Glibc.close(wake)
      throw error
    }
    // One queue for everything that is no record: logs, errors, rebalances, commits.
    _ = rd_kafka_poll_set_consumer(client)
    guard let queue = rd_kafka_queue_get_consumer(client) else {
      Glibc.close(wake)
      Client.destroy(client)
      throw KafkaError(.invalidArgument, message: "a consumer needs a group.id")
    }
    events = Queue(queue)
    lendsRecords = options.lendsRecords
    uncommittedStart = options.uncommittedStart
    leaveGraceMs = Int64(options.socketTimeoutMs) + 1000
    wakeDescriptor = wake
    messages = .allocate(capacity: Self.batchMax)
    messages.initialize(repeating: nil)
    signal(events, on: true)
  }

  deinit {
    _ = close(timeoutMs: 0)
    messages.deallocate()
  }

  /// Joins the group with these topics; the partitions come as an `.assigned` event.
  package func subscribe(_ topics: [String]) throws(KafkaError) {
    try check(
      PartitionList.with(
        topics.map { PartitionOffset(TopicPartition($0, RD_KAFKA_PARTITION_UA)) }
      ) { rd_kafka_subscribe(client, $0) })
  }

  /// Reads these partitions without joining a group, from the given offsets. Replaces what was
  /// assigned before.
  package func assign(_ partitions: [PartitionOffset]) throws(KafkaError) {
    disown(owned.map(\.topicPartition))
    try own(partitions.map(\.topicPartition))
    try check(PartitionList.with(partitions) { rd_kafka_assign(client, $0) })
  }

  /// The partitions whose records `poll` brings.
  package var assignment: [TopicPartition] { owned.map(\.topicPartition) }

  /// After a `poll`: records may be left that `recordsMax` had no room for. The wake descriptor
  /// says nothing of those; poll again when there is room.
  package var hasRecordsLeft: Bool { someLeft }

  /// How much is prefetched of each owned partition: records, and a few entries that bring none.
  package var queuedRecords: [TopicPartition: Int] {
    Dictionary(
      uniqueKeysWithValues: owned.map { ($0.topicPartition, rd_kafka_queue_length($0.queue.raw)) })
  }

  /// Makes the wake descriptor unreadable until something new is queued. Before `poll`, not after.
  package func clearWake() {
    var count: UInt64 = 0
    _ = read(wakeDescriptor, &count, 8)
  }

  /// Everything that is ready: events first, then up to `recordsMax` records, the partitions
  /// taking turns. Waits up to `timeoutMs` only when nothing is ready; a loop of its own passes 0.
  /// With `recordsMax` 0 rebalances and other events are served and no record is taken.
  package func poll(recordsMax: Int, timeoutMs: Int32 = 0) -> [ConsumerEvent] {
    guard !isClosed else { return [] }
    let deadline = Monotonic.nowMs + Int64(timeoutMs)
    while true {
      clearWake()
      var news: [ConsumerEvent] = []
      serveEvents(into: &news)
      drain(recordsMax, into: &news)
      let leftMs = deadline - Monotonic.nowMs
      if !news.isEmpty || leftMs <= 0 { return news }
      var descriptor = pollfd(fd: wakeDescriptor, events: Int16(POLLIN), revents: 0)
      _ = Glibc.poll(&descriptor, 1, Int32(clamping: leftMs))
    }
  }

  private func serveEvents(into news: inout [ConsumerEvent]) {
    for _ in 0..<Self.eventsMax {
      let came = events.next(timeoutMs: 0) { event in translate(event, into: &news) }
      guard came else { return }
    }
    // More may be ready, of which the descriptor has spoken already.
    wake()
  }

  private func drain(_ recordsMax: Int, into news: inout [ConsumerEvent]) {
    someLeft = false
    var room = recordsMax
    var waiting = owned.filter {
      !undrained.contains($0.topicPartition) && rd_kafka_queue_length($0.queue.raw) > 0
    }
    if !waiting.isEmpty {
      let turn = nextPartition % waiting.count
      waiting = Array(waiting[turn...] + waiting[..<turn])
      nextPartition &+= 1
    }
    // Each round gives every partition that still has records the same share of the room.
    while room > 0, !waiting.isEmpty {
      let share = min(Self.batchMax, max(1, room / waiting.count))
      waiting = waiting.filter { partition in
        let wanted = min(share, room)
        guard wanted > 0 else { return true }
        let taken = take(wanted, from: partition, into: &news)
        room -= taken
        return taken == wanted
      }
    }
    someLeft = !waiting.isEmpty
  }

  private func take(
    _ count: Int, from partition: OwnedPartition, into news: inout [ConsumerEvent]
  ) -> Int {
    let taken = rd_kafka_consume_batch_queue(
      partition.queue.raw, 0, messages.baseAddress, count)
    guard taken > 0 else { return 0 }
    var records: [ConsumedRecord] = []
    records.reserveCapacity(taken)
    var ends: [ConsumerEvent] = []
    for case let message? in messages[..<taken] {
      switch message.pointee.err {
      case RD_KAFKA_RESP_ERR_NO_ERROR:
        records.append(ConsumedRecord(taking: message, lends: lendsRecords))
        continue
      case RD_KAFKA_RESP_ERR__PARTITION_EOF:
        ends.append(.endOfPartition(partition.topicPartition, offset: message.pointee.offset))
      default:
        let text = rd_kafka_message_errstr(message).map { String(cString: $0) }
        let error = KafkaError(KafkaError.Code(message.pointee.err), message: text)
        ends.append(.failure(error, partition.topicPartition))
      }
      rd_kafka_message_destroy(message)
    }
    if !records.isEmpty { news.append(.records(partition.topicPartition, records)) }
    news += ends
    return taken
  }
}
