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
    // Without the body anybody who saw one signed request could send another body with it.
    guard parts.contains(.body) else { throw .templateWithoutBody(text) }
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
    default:
      guard name.hasPrefix("header:"), name.count > "header:".count else {
        throw .badTemplate(text)
      }
      return .header(String(name.dropFirst("header:".count)))
    }
  }

  /// The URL, its path or its query is a part of what is signed.
  package var namesURL: Bool { needs(.url) || needs(.path) || needs(.query) }

  func needs(_ part: Part) -> Bool { parts.contains(part) }
}
