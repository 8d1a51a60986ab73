// Where an event's headers go.

/// Takes headers one after the other. Whoever writes an event's is generic over this, so that each
/// goes straight to where it is needed, without a list in between.
package protocol HeaderSink: ~Copyable {
  mutating func put(_ name: [UInt8], _ value: String)
  mutating func put(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>)
  /// The value is what `body` appends; it must not do anything else.
  mutating func put(_ name: [UInt8], _ body: (inout [UInt8]) -> Void)
}

extension HeaderList: HeaderSink {
  package mutating func put(_ name: [UInt8], _ value: String) {
    append(nameBytes: name, valueBytes: value.utf8)
  }

  package mutating func put(_ name: ArraySlice<UInt8>, _ value: ArraySlice<UInt8>) {
    append(nameBytes: name, valueBytes: value)
  }

  package mutating func put(_ name: [UInt8], _ body: (inout [UInt8]) -> Void) {
    appendHeader(name, body)
  }
}
