// A secret that is several: names and values, as a JSON object.

import JSONText

/// Reads `{"Key1": "Value1", "Key2": "Value2"}`.
enum JSONPairs {
  /// Nil for anything but an object of non-empty texts, at least one of them.
  static func parse(_ text: String) -> [(name: String, value: [UInt8])]? {
    let bytes = Array(text.utf8)
    var at = 0
    func skipSpace() { while at < bytes.count, bytes[at] <= 0x20 { at += 1 } }
    func take(_ byte: UInt8) -> Bool {
      skipSpace()
      guard at < bytes.count, bytes[at] == byte else { return false }
      at += 1
      return true
    }
    func string() -> String? {
      guard take(UInt8(ascii: "\"")) else { return nil }
      let start = at
      while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
        at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
      }
      guard at < bytes.count else { return nil }
      at += 1
      let slice = JSONSlice(kind: .escapedString, range: start..<(at - 1))
      return bytes.withUnsafeBytes { slice.text(in: $0) }
    }
    guard take(UInt8(ascii: "{")) else { return nil }
    var pairs: [(name: String, value: [UInt8])] = []
    repeat {
      guard let name = string(), take(UInt8(ascii: ":")), let value = string(), !name.isEmpty,
        value.utf8.contains(where: { $0 > 0x20 })
      else { return nil }
      pairs.append((name, Array(value.utf8)))
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { return nil }
    skipSpace()
    return at == bytes.count ? pairs : nil
  }
}
