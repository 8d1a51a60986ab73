// The one thing that a scheme needs of XML: the text of a named element.

/// Finds elements by their local name, whatever their prefix. It reads no comments, CDATA or
/// entities: a request that has any of them before or in the element is not understood, and
/// refused.
enum XMLField {
  /// Nil when there is no such element or it holds anything but plain text.
  static func first(_ name: String, in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    var at = bytes.startIndex
    while let open = bytes[at...].firstIndex(of: UInt8(ascii: "<")) {
      guard let close = bytes[open...].firstIndex(of: UInt8(ascii: ">")) else { return nil }
      let tag = bytes[(open + 1)..<close]
      // `<!--`, `<![CDATA[` and `<!DOCTYPE` could hide an element that is none.
      guard tag.first != UInt8(ascii: "!") else { return nil }
      let qualified = tag.prefix { $0 > 0x20 && $0 != UInt8(ascii: "/") }
      let start = qualified.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? qualified.startIndex
      at = close + 1
      guard qualified[start...].elementsEqual(name.utf8), tag.last != UInt8(ascii: "/") else {
        continue
      }
      guard let end = bytes[at...].firstIndex(of: UInt8(ascii: "<")),
        end + 1 < bytes.endIndex, bytes[end + 1] == UInt8(ascii: "/"),
        !bytes[at..<end].contains(UInt8(ascii: "&"))
      else { return nil }
      return Array(bytes[at..<end].drop { $0 <= 0x20 }.reversed().drop { $0 <= 0x20 }.reversed())
    }
    return nil
  }
}
