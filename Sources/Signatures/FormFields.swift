// Names and values of a query or a form body (application/x-www-form-urlencoded).

/// Reads `a=1&b=2`, percent escapes and `+` undone.
enum FormFields {
  /// Every field in order; one without `=` has an empty value.
  static func all(_ bytes: UnsafeRawBufferPointer) -> [(name: [UInt8], value: [UInt8])] {
    bytes.split(separator: UInt8(ascii: "&")).map { field in
      let equals = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
      let value = equals == field.endIndex ? field[equals...] : field[(equals + 1)...]
      return (decoded(field[..<equals]), decoded(value))
    }
  }

  /// The first field of this name.
  static func first(_ name: String, in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    for field in bytes.split(separator: UInt8(ascii: "&")) {
      let equals = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
      guard decoded(field[..<equals]).elementsEqual(name.utf8) else { continue }
      return equals == field.endIndex ? [] : decoded(field[(equals + 1)...])
    }
    return nil
  }

  /// Each name in order with each of its different values in order, without anything between.
  static func sorted(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var fields = all(bytes)
    fields.sort { left, right in
      left.name == right.name
        ? left.value.lexicographicallyPrecedes(right.value)
        : left.name.lexicographicallyPrecedes(right.name)
    }
    var out: [UInt8] = []
    for (index, field) in fields.enumerated()
    where index == 0 || fields[index - 1].name != field.name
      || fields[index - 1].value != field.value
    {
      out += field.name + field.value
    }
    return out
  }

  /// A malformed escape stays as it is.
  static func decoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = true) -> [UInt8] {
    let source = Array(bytes)
    var out: [UInt8] = []
    out.reserveCapacity(source.count)
    var at = 0
    while at < source.count {
      if source[at] == UInt8(ascii: "%"), at + 2 < source.count,
        let high = ASCII.hexValue(source[at + 1]), let low = ASCII.hexValue(source[at + 2])
      {
        out.append(high << 4 | low)
        at += 3
      } else {
        let isSpace = plusIsSpace && source[at] == UInt8(ascii: "+")
        out.append(isSpace ? UInt8(ascii: " ") : source[at])
        at += 1
      }
    }
    return out
  }
}
