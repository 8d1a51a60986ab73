// The escapes that WordPress undoes in a secret before it signs with it.

/// `&amp; &lt; &gt; &quot;` and the numbers of `& < > " '`; every other escape stays as it is.
enum HTMLEscapes {
  private static let named: [(escape: String, byte: UInt8)] = [
    ("amp;", UInt8(ascii: "&")), ("lt;", UInt8(ascii: "<")), ("gt;", UInt8(ascii: ">")),
    ("quot;", UInt8(ascii: "\"")),
  ]

  static func undone(_ text: String) -> [UInt8] {
    var rest = Array(text.utf8)[...]
    var out: [UInt8] = []
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "&"), let (plain, length) = escape(rest) else {
        out.append(byte)
        continue
      }
      out.append(plain)
      rest = rest.dropFirst(length)
    }
    return out
  }

  /// What stands behind an ampersand: the byte it means and how long it is.
  private static func escape(_ rest: ArraySlice<UInt8>) -> (UInt8, Int)? {
    for (escape, byte) in named where rest.starts(with: escape.utf8) {
      return (byte, escape.utf8.count)
    }
    guard rest.first == UInt8(ascii: "#"), let end = rest.firstIndex(of: UInt8(ascii: ";")),
      end - rest.startIndex <= 12
    else { return nil }
    let digits = String(decoding: rest[(rest.startIndex + 1)..<end], as: UTF8.self)
    let number =
      digits.first == "x" || digits.first == "X"
      ? Int(digits.dropFirst(), radix: 16) : Int(digits)
    guard let number, [0x22, 0x26, 0x27, 0x3C, 0x3E].contains(number) else { return nil }
    return (UInt8(number), end - rest.startIndex + 1)
  }
}
