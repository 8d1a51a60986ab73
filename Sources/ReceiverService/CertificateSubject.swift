// Whose certificate it is, as text: the distinguished name in the form that RFC 2253 gives it.

/// Reads the subject out of a certificate's DER. Only for certificates that were verified: it
/// trusts their structure no further than its bounds. Pure.
enum CertificateSubject {
  /// `CN=crm,O=Example`, the last part of the name first. Nil when the bytes are no certificate.
  static func text(der: [UInt8]) -> String? {
    var file = DERReader(der[...])
    guard var certificate = file.enter(0x30), var fields = certificate.enter(0x30) else {
      return nil
    }
    _ = fields.enter(0xA0)  // version
    guard fields.enter(0x02) != nil,  // serial number
      fields.enter(0x30) != nil,  // signature algorithm
      fields.enter(0x30) != nil,  // issuer
      fields.enter(0x30) != nil,  // validity
      var subject = fields.enter(0x30)
    else { return nil }
    var names: [String] = []
    while !subject.isAtEnd {
      guard var set = subject.enter(0x31) else { return nil }
      var parts: [String] = []
      while !set.isAtEnd {
        guard var pair = set.enter(0x30), let type = pair.enter(0x06),
          let value = pair.next(), pair.isAtEnd
        else { return nil }
        parts.append(part(Array(type.content), value))
      }
      guard !parts.isEmpty else { return nil }
      names.append(parts.joined(separator: "+"))
    }
    return names.reversed().joined(separator: ",")
  }

  /// Types with a short name; others are shown by number, and their value as it is encoded.
  private static let types: [(type: [UInt8], name: String)] = [
    ([0x55, 0x04, 0x03], "CN"), ([0x55, 0x04, 0x04], "SN"),
    ([0x55, 0x04, 0x05], "serialNumber"), ([0x55, 0x04, 0x06], "C"), ([0x55, 0x04, 0x07], "L"),
    ([0x55, 0x04, 0x08], "ST"), ([0x55, 0x04, 0x09], "street"), ([0x55, 0x04, 0x0A], "O"),
    ([0x55, 0x04, 0x0B], "OU"), ([0x55, 0x04, 0x0C], "title"), ([0x55, 0x04, 0x2A], "GN"),
    ([0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01], "emailAddress"),
    ([0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x01], "UID"),
    ([0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19], "DC"),
  ]

  private static func part(_ type: [UInt8], _ value: DERReader.Element) -> String {
    if let known = types.first(where: { $0.type == type }), let text = value.text {
      return "\(known.name)=\(escaped(text))"
    }
    let digits = value.encoded.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
    return "\(dotted(type))=#\(digits.joined())"
  }

  /// A name can hold anything; unescaped, `CN=a,O=b` could be one name or two.
  private static func escaped(_ text: String) -> String {
    var result = ""
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let isEdge = index == 0 || index == scalars.count - 1
      switch scalar {
      case ",", "+", "\"", "\\", "<", ">", ";": result += "\\\(scalar)"
      case "#" where index == 0, " " where isEdge: result += "\\\(scalar)"
      case "\0"..<" ", "\u{7F}":
        let hex = String(scalar.value, radix: 16, uppercase: true)
        result += "\\" + (hex.count < 2 ? "0" : "") + hex
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  private static func dotted(_ type: [UInt8]) -> String {
    var numbers: [UInt64] = []
    var number: UInt64 = 0
    for byte in type {
      // Nine groups of seven bits fit; what is longer shows as 0 and matches nothing sensible.
      number = number >> 56 == 0 ? number << 7 | UInt64(byte & 0x7F) : 0
      if byte & 0x80 == 0 {
        if numbers.isEmpty {
          let first = min(number / 40, 2)
          numbers = [first, number - first * 40]
        } else {
          numbers.append(number)
        }
        number = 0
      }
    }
    return numbers.map(String.init).joined(separator: ".")
  }
}

/// Walks one level of DER.
struct DERReader {
  /// A tag, a length and so many bytes.
  struct Element {
    let tag: UInt8
    let content: ArraySlice<UInt8>
    /// Tag and length included.
    let encoded: ArraySlice<UInt8>

    /// For the string types that certificates use.
    var text: String? {
      switch tag {
      case 0x0C: String(validating: content, as: UTF8.self)
      case 0x12, 0x13, 0x16:
        content.allSatisfy { $0 < 0x80 } ? String(decoding: content, as: UTF8.self) : nil
      // Teletex, as everybody writes it.
      case 0x14: String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) }))
      case 0x1E where content.count.isMultiple(of: 2):
        String(validating: Self.units(content), as: UTF16.self)
      default: nil
      }
    }

    private static func units(_ bytes: ArraySlice<UInt8>) -> [UInt16] {
      stride(from: bytes.startIndex, to: bytes.endIndex, by: 2).map {
        UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1])
      }
    }
  }

  private var rest: ArraySlice<UInt8>
  let content: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) {
    rest = bytes
    content = bytes
  }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func next() -> Element? {
    var at = rest.startIndex
    guard rest.count >= 2 else { return nil }
    let tag = rest[at]
    var length = Int(rest[at + 1])
    at += 2
    if length >= 0x80 {
      let digits = length - 0x80
      guard (1...3).contains(digits), rest.endIndex - at >= digits else { return nil }
      length = rest[at..<(at + digits)].reduce(0) { $0 << 8 | Int($1) }
      at += digits
    }
    guard rest.endIndex - at >= length else { return nil }
    let element = Element(
      tag: tag, content: rest[at..<(at + length)], encoded: rest[rest.startIndex..<(at + length)])
    rest = rest[(at + length)...]
    return element
  }

  /// The inside of the next element, if it has this tag; else nothing is consumed.
  mutating func enter(_ tag: UInt8) -> DERReader? {
    var copy = self
    guard let element = copy.next(), element.tag == tag else { return nil }
    self = copy
    return DERReader(element.content)
  }
}
