// The field names that a scan looks for, kept where C can read them.

import CSimdJSON

/// Names of first-level fields; made once, used for many scans, from any thread.
package final class JSONFields: Sendable {
  package let names: [String]
  private let table: Table

  // SAFETY: written in init and only read afterwards; freed in deinit.
  private struct Table: @unchecked Sendable {
    let entries: UnsafeMutableBufferPointer<csimdjson_name>
    let bytes: UnsafeMutableBufferPointer<CChar>
  }

  /// Names must be plain: without quote, backslash or control characters. At most 64 of them.
  package init(_ names: [String]) {
    precondition(names.count <= 64, "JSONFields: more than 64 names")
    let total = names.reduce(0) { $0 + $1.utf8.count }
    let bytes = UnsafeMutableBufferPointer<CChar>.allocate(capacity: max(total, 1))
    bytes.initialize(repeating: 0)
    let entries = UnsafeMutableBufferPointer<csimdjson_name>.allocate(capacity: max(names.count, 1))
    var offset = 0
    for (index, name) in names.enumerated() {
      precondition(
        name.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") },
        "JSONFields: a name that would need escapes")
      for (place, byte) in name.utf8.enumerated() {
        bytes[offset + place] = CChar(bitPattern: byte)
      }
      if let base = bytes.baseAddress {
        entries.initializeElement(
          at: index, to: csimdjson_name(bytes: base + offset, length: name.utf8.count))
      }
      offset += name.utf8.count
    }
    self.names = names
    table = Table(entries: entries, bytes: bytes)
  }

  deinit {
    table.entries.deallocate()
    table.bytes.deallocate()
  }

  var entries: UnsafePointer<csimdjson_name>? { UnsafePointer(table.entries.baseAddress) }
}
