// A record as consumed: copied out of librdkafka, or lent by it until the last copy of this value
// is gone.

import CRdKafka
import Glibc
package import Model

/// One record of a partition; the topic stands beside it in the event.
///
/// A lent record (`ConsumerOptions.lendsRecords`) costs no copy and reads its headers only when
/// asked, each time anew. It pins what was fetched together with it, up to a mebibyte, and must be
/// gone before its consumer is closed: `detached` is for those that stay.
package struct ConsumedRecord: Sendable {
  package let partition: Int32
  package let offset: Int64
  /// The key, as 64 well-mixed bits; nil without a key.
  package let keyHash: UInt64?
  private let content: Content

  private enum Content: Sendable {
    case lent(LentMessage)
    case own(Own)
  }

  /// Boxed, so that records are small however they hold what they hold.
  private final class Own: Sendable {
    let timestampMs: Int64
    let key: [UInt8]?
    let value: [UInt8]
    let isTombstone: Bool
    let headers: HeaderList

    init(_ message: borrowing LentView) {
      timestampMs = message.timestampMs
      key = message.key
      value = message.value
      isTombstone = message.isTombstone
      headers = message.headers
    }
  }

  /// Key and value, for budgets. Headers are not read for it.
  package let byteCount: Int

  /// Create or append time; -1 when the record has none.
  package var timestampMs: Int64 {
    switch content {
    case .lent(let message): message.view.timestampMs
    case .own(let own): own.timestampMs
    }
  }

  package var key: [UInt8]? {
    switch content {
    case .lent(let message): message.view.key
    case .own(let own): own.key
    }
  }

  /// Empty for a tombstone too.
  package var value: [UInt8] {
    switch content {
    case .lent(let message): message.view.value
    case .own(let own): own.value
    }
  }

  /// The record had a null value, which is not the same as an empty one.
  package var isTombstone: Bool {
    switch content {
    case .lent(let message): message.view.isTombstone
    case .own(let own): own.isTombstone
    }
  }

  package var headers: HeaderList {
    switch content {
    case .lent(let message): message.view.headers
    case .own(let own): own.headers
    }
  }

  /// The same with everything copied.
  package var detached: ConsumedRecord {
    guard case .lent(let message) = content else { return self }
    return ConsumedRecord(self, .own(Own(message.view)))
  }

  private init(_ other: ConsumedRecord, _ content: Content) {
    partition = other.partition
    offset = other.offset
    keyHash = other.keyHash
    byteCount = other.byteCount
    self.content = content
  }

  /// Takes the message over: it is destroyed at once, or with the last copy of a lent record.
  init(taking pointer: UnsafeMutablePointer<rd_kafka_message_t>, lends: Bool) {
    partition = pointer.pointee.partition
    offset = pointer.pointee.offset
    let key = pointer.pointee.key.map {
      UnsafeRawBufferPointer(start: $0, count: pointer.pointee.key_len)
    }
    keyHash = key.map(KeyHash.of)
    byteCount = (key?.count ?? 0) + pointer.pointee.len
    if lends {
      content = .lent(LentMessage(pointer))
    } else {
      content = .own(Own(LentView(pointer: pointer)))
      rd_kafka_message_destroy(pointer)
    }
  }
}
