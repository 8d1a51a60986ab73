// librdkafka's list of partitions with offsets, from and to our values.

import CRdKafka
import Glibc

typealias PartitionListPointer = UnsafeMutablePointer<rd_kafka_topic_partition_list_t>

enum PartitionList {
  /// Lends a list of these partitions to `body` and destroys it after; it must not escape.
  static func with<Result, Failure: Error>(
    _ partitions: [PartitionOffset], _ body: (PartitionListPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // Returns NULL only when memory has run out, where librdkafka itself aborts.
    guard let list = rd_kafka_topic_partition_list_new(Int32(partitions.count)) else {
      preconditionFailure("rd_kafka_topic_partition_list_new: no memory")
    }
    LiveHandles.opened()
    defer {
      rd_kafka_topic_partition_list_destroy(list)
      LiveHandles.closed()
    }
    for partition in partitions { add(partition, to: list) }
    return try body(list)
  }

  static func values(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> [PartitionOffset] {
    elements(list).compactMap { element in
      guard let topic = element.topic else { return nil }
      return PartitionOffset(
        TopicPartition(String(cString: topic), element.partition), element.offset,
        metadata: metadata(element))
    }
  }

  /// The first error that the list carries, naming its partition.
  static func firstError(_ list: UnsafePointer<rd_kafka_topic_partition_list_t>) -> KafkaError? {
    for element in elements(list) where element.err != RD_KAFKA_RESP_ERR_NO_ERROR {
      let code = KafkaError.Code(element.err)
      let topic = element.topic.map { String(cString: $0) } ?? ""
      return KafkaError(code, message: "\(topic)[\(element.partition)]: \(code.sentence)")
    }
    return nil
  }

  private static func elements(
    _ list: UnsafePointer<rd_kafka_topic_partition_list_t>
  ) -> UnsafeBufferPointer<rd_kafka_topic_partition_t> {
    UnsafeBufferPointer(start: list.pointee.elems, count: Int(list.pointee.cnt))
  }

  private static func metadata(_ element: rd_kafka_topic_partition_t) -> String? {
    guard let bytes = element.metadata, element.metadata_size > 0 else { return nil }
    return String(
      decoding: UnsafeRawBufferPointer(start: bytes, count: element.metadata_size), as: UTF8.self)
  }

  private static func add(_ value: PartitionOffset, to list: PartitionListPointer) {
    let added = rd_kafka_topic_partition_list_add(
      list, value.topicPartition.topic, value.topicPartition.partition)
    guard let added else { return }
    added.pointee.offset = value.offset
    guard var metadata = value.metadata, !metadata.isEmpty else { return }
    // Allocated with malloc, because librdkafka frees it with free() when it destroys the list.
    metadata.withUTF8 { bytes in
      guard let copy = malloc(bytes.count) else { return }
      UnsafeMutableRawBufferPointer(start: copy, count: bytes.count).copyBytes(from: bytes)
      added.pointee.metadata = copy
      added.pointee.metadata_size = bytes.count
    }
  }
}
