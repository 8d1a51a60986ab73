// A message that stays librdkafka's.

import CRdKafka
import Glibc
import Model

/// Destroys its message when nobody has it any more.
///
/// SAFETY: the message is not changed after it was consumed but for its headers, which librdkafka
/// parses on the first look: those are looked at by the consumer's owner thread alone. Messages may
/// be destroyed on any thread (their reference counts are atomic).
final class LentMessage: @unchecked Sendable {
  private let pointer: UnsafeMutablePointer<rd_kafka_message_t>

  init(_ pointer: UnsafeMutablePointer<rd_kafka_message_t>) {
    self.pointer = pointer
    LiveHandles.opened()
  }

  deinit {
    rd_kafka_message_destroy(pointer)
    LiveHandles.closed()
  }

  var view: LentView { LentView(pointer: pointer) }
}

/// Reads a message that somebody else keeps alive.
struct LentView {
  let pointer: UnsafeMutablePointer<rd_kafka_message_t>

  var timestampMs: Int64 { rd_kafka_message_timestamp(pointer, nil) }
  var isTombstone: Bool { pointer.pointee.payload == nil }

  var key: [UInt8]? {
    pointer.pointee.key.map {
      [UInt8](UnsafeRawBufferPointer(start: $0, count: pointer.pointee.key_len))
    }
  }

  var value: [UInt8] {
    [UInt8](UnsafeRawBufferPointer(start: pointer.pointee.payload, count: pointer.pointee.len))
  }

  var headers: HeaderList {
    // Detached, or the parsed list, an allocation a header, would stay with the message; should
    // somebody ask again it is parsed again.
    var lent: OpaquePointer?
    guard
      rd_kafka_message_detach_headers(pointer, &lent) == RD_KAFKA_RESP_ERR_NO_ERROR, let lent
    else { return HeaderList() }
    defer { rd_kafka_headers_destroy(lent) }
    let count = rd_kafka_header_cnt(lent)
    var storage: [UInt8] = []
    storage.reserveCapacity(count * 40)
    var spans: [HeaderList.Span] = []
    spans.reserveCapacity(count)
    for index in 0..<count {
      var name: UnsafePointer<CChar>?
      var value: UnsafeRawPointer?
      var valueCount = 0
      guard
        rd_kafka_header_get_all(lent, index, &name, &value, &valueCount)
          == RD_KAFKA_RESP_ERR_NO_ERROR, let name
      else { break }
      let start = storage.count
      storage.append(contentsOf: UnsafeRawBufferPointer(start: name, count: strlen(name)))
      let nameEnd = storage.count
      if let value {
        storage.append(contentsOf: UnsafeRawBufferPointer(start: value, count: valueCount))
      }
      spans.append(HeaderList.Span(name: start..<nameEnd, value: nameEnd..<storage.count))
    }
    return HeaderList(storage: storage, spans: spans)
  }
}
