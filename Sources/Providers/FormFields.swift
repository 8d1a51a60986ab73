// The fields of a form body or a query: percent escapes and plus signs undone.

/// `a=1&data%5Bid%5D=x` as names and values, in order.
struct FormFields {
  /// More fields than this are not looked at.
  static let fieldsMax = 2000

  private var pairs: [(name: [UInt8], value: [UInt8])] = []

  init(_ bytes: some Collection<UInt8>) {
    for pair in bytes.split(separator: UInt8(ascii: "&"), maxSplits: Self.fieldsMax) {
      guard pairs.count < Self.fieldsMax else { return }
      let equals = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
      let value = equals == pair.endIndex ? pair[equals...] : pair[pair.index(after: equals)...]
      pairs.append((Self.decoded(pair[..<equals]), Self.decoded(value)))
    }
  }

  /// The first field of this name.
  func bytes(_ name: String) -> [UInt8]? {
    pairs.first { $0.name.elementsEqual(name.utf8) }?.value
  }

  func text(_ name: String) -> String? {
    bytes(name).map { String(decoding: $0, as: UTF8.self) }
  }

  private static func decoded(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count)
    var rest = Array(bytes)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case UInt8(ascii: "+"): out.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 else {
          out.append(byte)
          continue
        }
        out.append(UInt8(digits[0] << 4 | digits[1]))
        rest = rest.dropFirst(2)
      default: out.append(byte)
      }
    }
    return out
  }
}
