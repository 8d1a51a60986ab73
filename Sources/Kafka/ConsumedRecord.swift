// A record as consumed: copied out of librdkafka, so that nothing of it needs giving back.

import CRdKafka
import Glibc
package import Model

/// One record of a partition; the topic stands beside it in the event.
package struct ConsumedRecord: Sendable {
  package let partition: Int32
  package let offset: Int64
  /// Create or append time; -1 when the record has none.
  package let timestampMs: Int64
  package let key: [UInt8]?
  /// Empty for a tombstone too.
  package let value: [UInt8]
  /// The record had a null value, which is not the same as an empty one.
  package let isTombstone: Bool
  package let headers: HeaderList

  package init(
    partition: Int32, offset: Int64, timestampMs: Int64, key: [UInt8]?, value: [UInt8],
    isTombstone: Bool = false, headers: HeaderList = HeaderList()
  ) {
    self.partition = partition
    self.offset = offset
    self.timestampMs = timestampMs
    self.key = key
    self.value = value
    self.isTombstone = isTombstone
    self.headers = headers
  }

  /// Key, value and headers, for budgets.
  package var byteCount: Int { (key?.count ?? 0) + value.count + headers.storage.count }
}

extension ConsumedRecord {
  init(_ message: UnsafeMutablePointer<rd_kafka_message_t>) {
    partition = message.pointee.partition
    offset = message.pointee.offset
    timestampMs = rd_kafka_message_timestamp(message, nil)
    key = message.pointee.key.map {
      [UInt8](UnsafeRawBufferPointer(start: $0, count: message.pointee.key_len))
    }
    isTombstone = message.pointee.payload == nil
    value = [UInt8](
      UnsafeRawBufferPointer(start: message.pointee.payload, count: message.pointee.len))
    headers = Self.headers(message)
  }

  private static func headers(_ message: UnsafeMutablePointer<rd_kafka_message_t>) -> HeaderList {
    var list = HeaderList()
    // Lent: it lives and dies with the message.
    var lent: OpaquePointer?
    guard rd_kafka_message_headers(message, &lent) == RD_KAFKA_RESP_ERR_NO_ERROR, let lent else {
      return list
    }
    let count = rd_kafka_header_cnt(lent)
    list.reserve(bytes: count * 40, headers: count)
    for index in 0..<count {
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var valueCount = 0
      guard
        rd_kafka_header_get_all(lent, index, &name, &value, &valueCount)
          == RD_KAFKA_RESP_ERR_NO_ERROR, let name
      else { break }
      list.append(
        nameBytes: UnsafeRawBufferPointer(start: name, count: strlen(name)),
        valueBytes: UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : valueCount))
    }
    return list
  }
}
