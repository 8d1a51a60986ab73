// A record's headers, written where librdkafka keeps them.

import CRdKafka
import Model

/// Headers of one record that is to be produced. Destroyed here unless a record has taken them.
struct RawHeaders: ~Copyable {
  private var list: OpaquePointer?

  /// No list where there are none.
  init(_ headers: LentHeaders) {
    list = headers.spans.isEmpty ? nil : rd_kafka_headers_new(headers.spans.count)
    for span in headers.spans {
      add(
        UnsafeRawBufferPointer(rebasing: headers.bytes[span.name]),
        UnsafeRawBufferPointer(rebasing: headers.bytes[span.value]))
    }
  }

  deinit {
    if let list { rd_kafka_headers_destroy(list) }
  }

  /// The list, which is the caller's from now on.
  mutating func take() -> OpaquePointer? { list.take() }

  private func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    // An empty value may have no address, which librdkafka would take for null.
    _ = rd_kafka_header_add(
      list, name.baseAddress, name.count,
      value.baseAddress ?? UnsafeRawPointer(bitPattern: 1), value.count)
  }
}
