// Where a value of an event is to be found, in the words of a provider's definition.

package import Signatures

/// One place, or several to be tried or joined:
/// `header:X-Event + text:. + json:/action ?? header:X-Event`, each with transformations behind
/// bars: `json:/subject | after:: | before::`.
package struct Locator: Sendable, Equatable {
  /// The first alternative whose parts are all there counts; its parts are joined.
  package var alternatives: [[Part]]

  package struct Part: Sendable, Equatable {
    package var source: Source
    package var steps: [Transformation]
  }

  package enum Source: Sendable, Equatable {
    case header(String)
    /// A parameter of the request's query, percent-decoded.
    case query(String)
    /// A field of a form body, percent-decoded.
    case form(String)
    /// Into the event.
    case json(JSONPath)
    /// Into the element that the event lies in, where a body is split at two levels.
    case up(JSONPath)
    /// Into the whole body, be it JSON or XML.
    case body(JSONPath)
    /// Into the event's element: `/Id`, `/sObject/@type`.
    case xml(String)
    case text(String)
    /// The value that the event was repeated for.
    case item
    /// The event's type, once it is known.
    case type
    /// The event's bytes as they stand.
    case event
  }

  /// Parses the written form.
  package init(_ text: String) throws(SchemeError) {
    alternatives = []
    for alternative in Self.split(text, "??") {
      var parts: [Part] = []
      for part in Self.split(alternative, "+") { parts.append(try Self.part(part, of: text)) }
      alternatives.append(parts)
    }
  }

  private static func part(
    _ text: Substring, of whole: String
  ) throws(SchemeError) -> Part {
    let words = split(text, "|")
    guard let first = words.first, let source = Source(first) else { throw .badLocator(whole) }
    var steps: [Transformation] = []
    for word in words.dropFirst() {
      guard let step = Transformation(word) else { throw .badLocator(whole) }
      steps.append(step)
    }
    return Part(source: source, steps: steps)
  }

  /// Operators stand between spaces, so that they may be part of a name.
  private static func split(_ text: some StringProtocol, _ mark: String) -> [Substring] {
    var pieces: [Substring] = []
    var rest = Substring(text)
    while let found = rest.firstRange(of: " \(mark) ") {
      pieces.append(rest[..<found.lowerBound])
      rest = rest[found.upperBound...]
    }
    return pieces + [rest]
  }
}

extension Locator.Source {
  init?(_ text: Substring) {
    switch text {
    case "item": self = .item
    case "type": self = .type
    case "event": self = .event
    default:
      let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[1].isEmpty else { return nil }
      let value = String(parts[1])
      switch parts[0] {
      case "header": self = .header(value)
      case "query": self = .query(value)
      case "form": self = .form(value)
      case "text": self = .text(value)
      case "xml" where value.hasPrefix("/"): self = .xml(value)
      case "json":
        guard let path = JSONPath(value) else { return nil }
        self = .json(path)
      case "up":
        guard let path = JSONPath(value) else { return nil }
        self = .up(path)
      case "body":
        guard let path = JSONPath(value) else { return nil }
        self = .body(path)
      default: return nil
      }
    }
  }
}
