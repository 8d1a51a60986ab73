// The record that an event is about. Its text is the Kafka key, so that all events of one record
// share a partition and a lane.

/// `<tenant>/<object>/<recordId>`, each part percent-encoded for `/`, `%` and control characters.
package struct RecordKey: Hashable, Sendable, CustomStringConvertible {
  package let tenant: String
  package let object: String
  package let recordId: String

  /// Nil when the record id or the object is empty: such an event has no key, never an empty one.
  package init?(tenant: String, object: String, recordId: String) {
    guard !recordId.isEmpty, !object.isEmpty else { return nil }
    self.tenant = tenant
    self.object = object
    self.recordId = recordId
  }

  /// Parses the encoded form; nil when it does not have three parts or an escape is malformed.
  package init?(encoded: some Collection<UInt8>) {
    var parts: [[UInt8]] = [[]]
    var rest = encoded.makeIterator()
    while let byte = rest.next() {
      switch byte {
      case UInt8(ascii: "/"): parts.append([])
      case UInt8(ascii: "%"):
        guard let high = rest.next().flatMap(Self.hexValue),
          let low = rest.next().flatMap(Self.hexValue)
        else { return nil }
        parts[parts.count - 1].append(high << 4 | low)
      default: parts[parts.count - 1].append(byte)
      }
    }
    guard parts.count == 3 else { return nil }
    let texts = parts.compactMap { String(validating: $0, as: UTF8.self) }
    guard texts.count == 3 else { return nil }
    self.init(tenant: texts[0], object: texts[1], recordId: texts[2])
  }

  /// The bytes of the Kafka key.
  package var encoded: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(tenant.utf8.count + object.utf8.count + recordId.utf8.count + 2)
    Self.append(tenant, to: &bytes)
    bytes.append(UInt8(ascii: "/"))
    Self.append(object, to: &bytes)
    bytes.append(UInt8(ascii: "/"))
    Self.append(recordId, to: &bytes)
    return bytes
  }

  package var description: String { String(decoding: encoded, as: UTF8.self) }

  private static func append(_ part: String, to bytes: inout [UInt8]) {
    for byte in part.utf8 {
      if let escape = escape(byte) {
        bytes += [UInt8(ascii: "%"), escape.high, escape.low]
      } else {
        bytes.append(byte)
      }
    }
  }

  /// Inlined, since every byte of every key is asked for.
  @inlinable @inline(__always) package static func mustEscape(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "/") || byte == UInt8(ascii: "%") || byte < 0x20 || byte == 0x7F
  }

  /// The hex digits of a byte that must not stand in a part as it is; nil for others.
  package static func escape(_ byte: UInt8) -> (high: UInt8, low: UInt8)? {
    guard mustEscape(byte) else { return nil }
    return (hexDigit(byte >> 4), hexDigit(byte & 0xF))
  }

  private static func hexDigit(_ nibble: UInt8) -> UInt8 {
    nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "A") + nibble - 10
  }

  private static func hexValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
