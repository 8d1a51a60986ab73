// URLs and bodies in the spellings that get between a sender and a receiver.

enum URLSpelling {
  /// Every other way in which the URL may have been registered, without its query.
  static func all(
    of registered: String?, path: String, request: Diagnosis.Request
  ) -> [String] {
    var bases: [String] = []
    if let registered { bases.append(registered) }
    for name in ["x-forwarded-host", "host"] {
      if let host = request.header(name) { bases.append("https://\(host)\(path)") }
    }
    var spellings: [String] = []
    for base in bases {
      let slashed = [base, base.hasSuffix("/") ? String(base.dropLast()) : base + "/"]
      for url in slashed {
        spellings += [url, otherScheme(url)]
        for ported in URLVariants.ports(Array(url.utf8))
          + URLVariants.ports(Array(otherScheme(url).utf8))
        {
          spellings.append(String(decoding: ported, as: UTF8.self))
        }
      }
    }
    spellings.append(path)
    var seen: Set<String> = []
    return spellings.filter { seen.insert($0).inserted }
  }

  private static func otherScheme(_ url: String) -> String {
    if url.hasPrefix("https://") { return "http://" + url.dropFirst(8) }
    if url.hasPrefix("http://") { return "https://" + url.dropFirst(7) }
    return url
  }
}

/// What tools on the way do to a body.
enum BodySpelling: String, CaseIterable {
  case withoutNewline = "the body without the line break at its end"
  case withNewline = "the body with a line break at its end"
  case lineFeeds = "the body with LF for CRLF"
  case carriageReturns = "the body with CRLF for LF"
  case compact = "the JSON without white space: somebody wrote it anew"
  case spaced = "the JSON with a space after each comma and colon: somebody wrote it anew"
  case empty = "an empty body"

  func applied(to body: [UInt8]) -> [UInt8] {
    let (cr, lf) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
    switch self {
    case .withoutNewline:
      var body = body
      while body.last == lf || body.last == cr { body.removeLast() }
      return body
    case .withNewline: return body + [lf]
    case .lineFeeds: return Self.withoutReturns(body)
    case .carriageReturns: return Self.withoutReturns(body).flatMap { $0 == lf ? [cr, lf] : [$0] }
    case .compact: return Self.json(body, gap: [])
    case .spaced: return Self.json(body, gap: [UInt8(ascii: " ")])
    case .empty: return []
    }
  }

  private static func withoutReturns(_ body: [UInt8]) -> [UInt8] {
    body.indices.filter { index in
      body[index] != UInt8(ascii: "\r") || index + 1 == body.count
        || body[index + 1] != UInt8(ascii: "\n")
    }.map { body[$0] }
  }

  /// White space outside of strings taken out, and `gap` put behind commas and colons.
  private static func json(_ body: [UInt8], gap: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(body.count * 2)
    var isString = false
    var isEscaped = false
    for byte in body {
      if isString {
        text.append(byte)
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isString = false
        }
        continue
      }
      switch byte {
      case 0x20, 0x09, 0x0A, 0x0D: continue
      case UInt8(ascii: ","), UInt8(ascii: ":"): text += [byte] + gap
      default:
        isString = byte == UInt8(ascii: "\"")
        text.append(byte)
      }
    }
    return text
  }
}
