// Record headers as one flat buffer: a list of (name, value) costs two allocations in all, not two
// a header. The Kafka bridge hands slices of the buffer to librdkafka without further copies.

/// An ordered list of record headers; names may repeat, values are bytes.
package struct HeaderList: Sendable, Equatable {
  /// Names and values, back to back, in order.
  package private(set) var storage: [UInt8] = []
  /// Where each header's name and value end in `storage`; each begins where the last one ended.
  package private(set) var spans: [Span] = []

  /// The ends of one header's name and value in `HeaderList.storage`, in bytes.
  package struct Span: Sendable, Equatable {
    package let nameEnd: Int
    package let valueEnd: Int

    package init(nameEnd: Int, valueEnd: Int) {
      self.nameEnd = nameEnd
      self.valueEnd = valueEnd
    }
  }

  package init() {}

  /// `spans` must rise and end within `storage`.
  package init(storage: [UInt8], spans: [Span]) {
    self.storage = storage
    self.spans = spans
  }

  package var count: Int { spans.count }
  package var isEmpty: Bool { spans.isEmpty }

  package mutating func reserve(bytes: Int, headers: Int) {
    storage.reserveCapacity(bytes)
    spans.reserveCapacity(headers)
  }

  package mutating func append(_ name: String, _ value: String) {
    append(nameBytes: name.utf8, valueBytes: value.utf8)
  }

  package mutating func append(_ name: String, bytes value: some Collection<UInt8>) {
    append(nameBytes: name.utf8, valueBytes: value)
  }

  /// The value is what `body` appends; it must not do anything else.
  mutating func appendHeader(_ name: [UInt8], _ body: (inout [UInt8]) -> Void) {
    storage += name
    let nameEnd = storage.count
    body(&storage)
    spans.append(Span(nameEnd: nameEnd, valueEnd: storage.count))
  }

  package mutating func append(
    nameBytes: some Collection<UInt8>, valueBytes: some Collection<UInt8>
  ) {
    storage.append(contentsOf: nameBytes)
    let nameEnd = storage.count
    storage.append(contentsOf: valueBytes)
    spans.append(Span(nameEnd: nameEnd, valueEnd: storage.count))
  }

  /// Replaces every header of this name by one, at the end.
  package mutating func set(_ name: String, _ value: String) {
    remove(name)
    append(name, value)
  }

  package mutating func remove(_ name: String) {
    guard firstIndex(of: name.utf8) != nil else { return }
    var kept = HeaderList()
    for index in spans.indices where !nameBytes(at: index).elementsEqual(name.utf8) {
      kept.append(nameBytes: nameBytes(at: index), valueBytes: valueBytes(at: index))
    }
    self = kept
  }

  package func nameBytes(at index: Int) -> ArraySlice<UInt8> {
    storage[start(of: index)..<spans[index].nameEnd]
  }

  package func valueBytes(at index: Int) -> ArraySlice<UInt8> {
    storage[spans[index].nameEnd..<spans[index].valueEnd]
  }

  /// The first header of this name, as text; bytes that are not UTF-8 are replaced, never fatal.
  package func text(_ name: String) -> String? {
    firstIndex(of: name.utf8).map { String(decoding: valueBytes(at: $0), as: UTF8.self) }
  }

  /// The value of the first header of this name.
  func firstValue(_ name: [UInt8]) -> ArraySlice<UInt8>? {
    firstIndex(of: name).map { valueBytes(at: $0) }
  }

  /// Every header as text, in order: for tests and for showing to a person.
  package var texts: [(name: String, value: String)] {
    spans.indices.map {
      (
        String(decoding: nameBytes(at: $0), as: UTF8.self),
        String(decoding: valueBytes(at: $0), as: UTF8.self)
      )
    }
  }

  /// Most names differ in their length already.
  private func firstIndex(of name: some Collection<UInt8>) -> Int? {
    let count = name.count
    var start = 0
    for index in spans.indices {
      let span = spans[index]
      if span.nameEnd - start == count, stands(name, at: start) { return index }
      start = span.valueEnd
    }
    return nil
  }

  private func stands(_ name: some Collection<UInt8>, at start: Int) -> Bool {
    var at = start
    for byte in name {
      guard storage[at] == byte else { return false }
      at += 1
    }
    return true
  }

  private func start(of index: Int) -> Int { index == 0 ? 0 : spans[index - 1].valueEnd }
}
