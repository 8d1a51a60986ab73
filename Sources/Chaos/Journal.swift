// The topics as they are, read from the beginning and without joining the group.

import Kafka
import Model

/// Reads events and dead letters, and looks up what the group has committed. Owned by one thread.
final class Journal {
  /// By partition, in the order of offsets; these have no gaps.
  private(set) var entries: [[JournalEntry]]
  private(set) var letters: [FoundLetter] = []
  /// Where the records stood that lie in the retry topic, by partition and in its order; nil for
  /// one that does not say.
  private(set) var parked: [[Place?]]
  private var lettersRead: Int64 = 0
  private let consumer: Consumer
  private let partitions: [TopicPartition]
  private let retries: [TopicPartition]
  private let lettersPartition = TopicPartition(MemberSettings.deadLettersTopic, 0)

  private static let requestTimeoutMs: Int32 = 1000

  init(bootstrapServers: String, partitions: Int32) throws(KafkaError) {
    self.partitions = (0..<partitions).map { TopicPartition(MemberSettings.eventsTopic, $0) }
    retries = (0..<partitions).map { TopicPartition(MemberSettings.retryTopic, $0) }
    entries = Array(repeating: [], count: Int(partitions))
    parked = Array(repeating: [], count: Int(partitions))
    consumer = try Consumer(
      ConsumerOptions(
        bootstrapServers: bootstrapServers, groupId: MemberSettings.group,
        clientId: "chaos-journal",
        socketTimeoutMs: 1500, fetchWaitMs: 20, extra: ["reconnect.backoff.max.ms": "200"]))
    try consumer.assign(
      (self.partitions + retries + [lettersPartition]).map {
        PartitionOffset($0, PartitionOffset.beginning)
      })
  }

  func close() { consumer.close(timeoutMs: 3000) }

  /// Offsets of events and retries, by partition.
  struct Offsets: Sendable, Equatable {
    var events: [Int64] = []
    var retries: [Int64] = []
  }

  /// What the group has committed; 0 where there is nothing yet.
  func committed() throws(KafkaError) -> Offsets {
    let found = try consumer.committed(
      partitions + retries, timeoutMs: Self.requestTimeoutMs
    ).map { max($0.offset, 0) }
    return Offsets(
      events: Array(found.prefix(partitions.count)),
      retries: Array(found.dropFirst(partitions.count)))
  }

  /// One past the last offset.
  func ends() throws(KafkaError) -> Offsets {
    Offsets(events: try ends(of: partitions), retries: try ends(of: retries))
  }

  private func ends(of partitions: [TopicPartition]) throws(KafkaError) -> [Int64] {
    var ends: [Int64] = []
    for partition in partitions {
      ends.append(try consumer.watermarks(partition, timeoutMs: Self.requestTimeoutMs).high)
    }
    return ends
  }

  /// Where the records stood that wait in the retry topic, when so much of it is committed.
  func waiting(_ committed: Offsets) -> Set<Place> {
    var places: Set<Place> = []
    for (partition, offset) in committed.retries.enumerated() {
      places.formUnion(parked[partition].dropFirst(Int(offset)).compactMap { $0 })
    }
    return places
  }

  /// How far a reading came.
  struct Reach {
    var hasEvents = false
    /// False while the broker of the dead letters is away.
    var hasLetters = false
  }

  /// Reads on until the events up to these offsets, the retry topic as it is now and every dead
  /// letter that is stored now are known, or a second is over.
  func read(upTo offsets: Offsets) -> Reach {
    let lettersEnd = try? consumer.watermarks(lettersPartition, timeoutMs: 200).high
    var reach = Reach()
    guard let retryEnds = try? ends(of: retries) else { return reach }
    for _ in 0..<50 {
      reach.hasEvents =
        zip(entries, offsets.events).allSatisfy { Int64($0.count) >= $1 }
        && zip(parked, retryEnds).allSatisfy { Int64($0.count) >= $1 }
      reach.hasLetters = lettersEnd.map { lettersRead >= $0 } ?? false
      if reach.hasEvents, reach.hasLetters || lettersEnd == nil { break }
      for case .records(let partition, let records) in consumer.poll(
        recordsMax: 2000, timeoutMs: 20)
      {
        for record in records { take(record, of: partition) }
      }
    }
    return reach
  }

  private func take(_ record: ConsumedRecord, of partition: TopicPartition) {
    if partition == lettersPartition {
      lettersRead = record.offset + 1
      letters.append(Self.letter(record.headers))
    } else if partition.topic == MemberSettings.retryTopic {
      parked[Int(partition.partition)].append(Self.origin(record.headers))
    } else {
      let kind = record.headers.text(EventFeed.kindHeader).flatMap(JournalEntry.Kind.init)
      entries[Int(partition.partition)].append(
        JournalEntry(
          place: Place(partition: partition.partition, offset: record.offset),
          kind: kind ?? .poison,
          id: record.headers.text(EventFeed.idHeader) ?? ""))
    }
  }

  private static func origin(_ headers: HeaderList) -> Place? {
    let parts = headers.text("hookferry-retry-from")?.split(separator: "/") ?? []
    guard parts.count == 3, let partition = Int32(parts[1]), let offset = Int64(parts[2]) else {
      return nil
    }
    return Place(partition: partition, offset: offset)
  }

  private static func letter(_ headers: HeaderList) -> FoundLetter {
    func number(_ name: String) -> Int64 { headers.text(name).flatMap { Int64($0) } ?? -1 }
    return FoundLetter(
      origin: Place(
        partition: Int32(clamping: number("__dlq.errors.partition")),
        offset: number("__dlq.errors.offset")),
      failureClass: headers.text("hookferry-dlq-class") ?? "",
      message: headers.text("__dlq.errors.message") ?? "")
  }
}
