// Where a value of an event is to be found.

package import Signatures

/// `header:NAME`, `json:/pointer` (into the event, not the body that carries it) or `text:VALUE`.
package enum Locator: Sendable, Equatable {
  case header(String)
  case json(String)
  case text(String)

  /// Parses the written form.
  package init(_ text: String) throws(SchemeError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty else { throw .badLocator(text) }
    switch parts[0] {
    case "header": self = .header(String(parts[1]))
    case "text": self = .text(String(parts[1]))
    case "json" where parts[1].hasPrefix("/"): self = .json(String(parts[1]))
    default: throw .badLocator(text)
    }
  }
}
