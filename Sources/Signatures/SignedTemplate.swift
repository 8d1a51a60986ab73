// What is signed, as a list of parts; `{timestamp}.{body}` is its text.

/// The string that a signature is over. `{{` and `}}` stand for single braces.
package struct SignedTemplate: Sendable, Equatable, ExpressibleByArrayLiteral {
  package enum Part: Sendable, Equatable {
    case literal(String)
    case method
    /// The public URL as registered with the provider, with the request's query.
    case url
    /// The request's path, as it arrived.
    case path
    /// The request's query, without the question mark.
    case query
    case timestamp
    case id
    case body
    case secret
    case header(String)
    /// The CRC-32 of the body, in decimal.
    case crc32
    /// The fields of a form body, sorted: each name with each of its different values.
    case form
    /// The text at a pointer into the item; without one nothing. The first pointer that leads to
    /// something counts.
    case json([String])
    /// For each of these members that the body has: its name, a newline, its text, a newline.
    case lines([[String]])
  }

  package let parts: [Part]

  package init(arrayLiteral parts: Part...) { self.parts = parts }

  /// Parses `{method}{url}{body}{timestamp}` and the like.
  package init(_ text: String) throws(SchemeError) {
    var parts: [Part] = []
    var literal = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      if (character == "{" || character == "}") && rest.first == character {
        literal.append(character)
        rest = rest.dropFirst()
      } else if character == "{" {
        guard let end = rest.firstIndex(of: "}") else { throw .badTemplate(text) }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        literal = ""
        parts.append(try Self.part(named: rest[..<end], of: text))
        rest = rest[rest.index(after: end)...]
      } else if character == "}" {
        throw .badTemplate(text)
      } else {
        literal.append(character)
      }
    }
    if !literal.isEmpty { parts.append(.literal(literal)) }
    self.parts = parts
  }

  private static func part(
    named name: Substring, of text: String
  ) throws(SchemeError) -> Part {
    switch name {
    case "method": return .method
    case "url": return .url
    case "path": return .path
    case "query": return .query
    case "timestamp": return .timestamp
    case "id": return .id
    case "body": return .body
    case "secret": return .secret
    case "crc32": return .crc32
    case "form": return .form
    default:
      let words = name.split(separator: ":", maxSplits: 1).map(String.init)
      guard words.count == 2 else { throw .badTemplate(text) }
      switch words[0] {
      case "header": return .header(words[1])
      case "json":
        let pointers = words[1].split(separator: "|").map(String.init)
        guard pointers.allSatisfy({ $0.hasPrefix("/") }) else { throw .badTemplate(text) }
        return .json(pointers)
      case "lines":
        return .lines(
          words[1].split(separator: ",").map { $0.split(separator: "|").map(String.init) })
      default: throw .badTemplate(text)
      }
    }
  }

  /// The URL, its path or its query is a part of what is signed.
  package var namesURL: Bool { needs(.url) || needs(.path) || needs(.query) }

  func needs(_ part: Part) -> Bool { parts.contains(part) }

  /// False when nothing of the body is signed: then anybody who saw one signed request could send
  /// another body with it.
  package var coversBody: Bool {
    parts.contains { part in
      switch part {
      case .body, .crc32, .form, .json, .lines: true
      case .literal, .method, .url, .path, .query, .timestamp, .id, .secret, .header: false
      }
    }
  }

  /// True when every part is bytes that lie at hand.
  var isPlain: Bool {
    parts.allSatisfy { part in
      switch part {
      case .crc32, .form, .json, .lines: false
      default: true
      }
    }
  }
}
