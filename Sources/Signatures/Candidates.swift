// Takes signature headers apart without copying.

enum Candidates {
  /// Nil when the text does not begin with the prefix.
  static func withoutPrefix(
    _ text: UnsafeRawBufferPointer, _ prefix: String
  ) -> UnsafeRawBufferPointer? {
    guard text.starts(with: prefix.utf8) else { return nil }
    return UnsafeRawBufferPointer(rebasing: text[prefix.utf8.count...])
  }

  /// The non-empty items between separators, without spaces around them.
  static func forEachItem(
    _ text: UnsafeRawBufferPointer, _ separator: Character,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    let mark = separator.asciiValue ?? UInt8(ascii: ",")
    var rest = text[...]
    while !rest.isEmpty {
      let end = rest.firstIndex(of: mark) ?? rest.endIndex
      var item = rest[..<end]
      while item.first == UInt8(ascii: " ") { item = item.dropFirst() }
      while item.last == UInt8(ascii: " ") { item = item.dropLast() }
      if !item.isEmpty { body(UnsafeRawBufferPointer(rebasing: item)) }
      rest = rest[(end == rest.endIndex ? end : end + 1)...]
    }
  }

  /// The values of every `key=value` item with this key.
  static func forEachPair(
    _ text: UnsafeRawBufferPointer, _ separator: Character, key: String,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    forEachItem(text, separator) { item in
      guard let equals = item.firstIndex(of: UInt8(ascii: "=")),
        item[..<equals].elementsEqual(key.utf8)
      else { return }
      body(UnsafeRawBufferPointer(rebasing: item[(equals + 1)...]))
    }
  }
}
