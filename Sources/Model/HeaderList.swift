// Record headers as one flat buffer: a list of (name, value) costs two allocations in all, not two
// a header. The Kafka bridge hands slices of the buffer to librdkafka without further copies.

/// An ordered list of record headers; names may repeat, values are bytes.
package struct HeaderList: Sendable {
  /// Names and values, in order; a name that is written once may serve several headers.
  package private(set) var storage: [UInt8] = []
  /// Where each header's name and value lie in `storage`.
  package private(set) var spans: [Span] = []

  /// The place of one header in `HeaderList.storage`, in bytes.
  package struct Span: Sendable {
    private let nameStart: UInt32
    private let nameEnd: UInt32
    private let valueStart: UInt32
    private let valueEnd: UInt32

    package init(name: Range<Int>, value: Range<Int>) {
      nameStart = UInt32(name.lowerBound)
      nameEnd = UInt32(name.upperBound)
      valueStart = UInt32(value.lowerBound)
      valueEnd = UInt32(value.upperBound)
    }

    package var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
  }

  package init() {}

  /// `spans` must lie within `storage`, in order.
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

  package mutating func append(
    nameBytes: some Collection<UInt8>, valueBytes: some Collection<UInt8>
  ) {
    let start = storage.count
    storage.append(contentsOf: nameBytes)
    let nameEnd = storage.count
    storage.append(contentsOf: valueBytes)
    spans.append(Span(name: start..<nameEnd, value: nameEnd..<storage.count))
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
    storage[spans[index].name]
  }

  package func valueBytes(at index: Int) -> ArraySlice<UInt8> {
    storage[spans[index].value]
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
    for index in spans.indices {
      let place = spans[index].name
      if place.count == count, stands(name, at: place.lowerBound) { return index }
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
}

extension HeaderList: Equatable {
  package static func == (left: HeaderList, right: HeaderList) -> Bool {
    left.count == right.count
      && left.spans.indices.allSatisfy { index in
        left.nameBytes(at: index) == right.nameBytes(at: index)
          && left.valueBytes(at: index) == right.valueBytes(at: index)
      }
  }
}
