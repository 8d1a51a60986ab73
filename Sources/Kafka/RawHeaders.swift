// A record's headers, written where librdkafka keeps them.

import CRdKafka
import Model

/// Headers of one record that is to be produced: librdkafka's own list, with no list of ours before
/// it. Destroyed here unless a record has taken it.
package struct RawHeaders: HeaderSink, ~Copyable {
  private var list: OpaquePointer?
  /// For values that are put together.
  private var scratch: [UInt8] = []

  /// `count`: about as many as there will be.
  package init(count: Int) { list = rd_kafka_headers_new(count) }

  /// The same headers; no list where there are none.
  init(_ headers: HeaderList) {
    list = headers.isEmpty ? nil : rd_kafka_headers_new(headers.count)
    headers.storage.withUnsafeBytes { bytes in
      var start = 0
      for span in headers.spans {
        add(
          UnsafeRawBufferPointer(rebasing: bytes[start..<span.nameEnd]),
          UnsafeRawBufferPointer(rebasing: bytes[span.nameEnd..<span.valueEnd]))
        start = span.valueEnd
      }
    }
  }

  deinit {
    if let list { rd_kafka_headers_destroy(list) }
  }

  /// The list, which is the caller's from now on.
  mutating func take() -> OpaquePointer? { list.take() }

  package mutating func put(_ name: [UInt8], _ value: String) {
    var value = value
    value.withUTF8 { value in
      name.withUnsafeBytes { add($0, UnsafeRawBufferPointer(value)) }
    }
  }

  package mutating func put(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
    name.withUnsafeBytes { name in value.withUnsafeBytes { add(name, $0) } }
  }

  package mutating func put(_ name: [UInt8], _ body: (inout [UInt8]) -> Void) {
    scratch.removeAll(keepingCapacity: true)
    body(&scratch)
    name.withUnsafeBytes { name in scratch.withUnsafeBytes { add(name, $0) } }
  }

  private func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
    // An empty value may have no address, which librdkafka would take for null.
    _ = rd_kafka_header_add(
      list, name.baseAddress, name.count,
      value.baseAddress ?? UnsafeRawPointer(bitPattern: 1), value.count)
  }
}
