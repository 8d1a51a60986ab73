// What a record takes along into the retry topic.
import Kafka
import Lanes
import Model

/// Key, value, timestamp and headers of the original stay as they are; these are added:
/// `hookferry-retry-attempts`, and `hookferry-retry-from` (`topic/partition/offset`), which stays
/// that of the events topic however often a record is parked.
enum ParkedRecord {
  private static let attempts = "hookferry-retry-attempts"
  private static let from = "hookferry-retry-from"

  static func headers(
    _ original: HeaderList, _ parking: LaneTable.Parking, _ partition: TopicPartition,
    _ offset: Int64
  ) -> HeaderList {
    var list = original
    list.set(attempts, String(parking.attempts))
    if list.text(from) == nil {
      list.append(from, "\(partition.topic)/\(partition.partition)/\(offset)")
    }
    return list
  }

  /// Attempts made before it was parked; 0 where none is told.
  static func attempts(_ headers: HeaderList) -> Int {
    max(0, headers.text(attempts).flatMap { Int($0) } ?? 0)
  }

  /// The headers as they were before.
  static func original(_ headers: HeaderList) -> HeaderList {
    var list = headers
    list.remove(attempts)
    list.remove(from)
    return list
  }

  /// Where the record stood first.
  static func origin(
    _ headers: HeaderList, _ partition: TopicPartition, _ offset: Int64
  ) -> (partition: TopicPartition, offset: Int64) {
    let parts = headers.text(from)?.split(separator: "/") ?? []
    guard parts.count == 3, let number = Int32(parts[1]), let first = Int64(parts[2]) else {
      return (partition, offset)
    }
    return (TopicPartition(String(parts[0]), number), first)
  }
}
