// Where a value lies in a request: a header, the query, the body, the connection.

import Model

/// A place that a scheme reads from.
package enum Place: Sendable, Equatable {
  case header(HeaderName)
  /// A parameter of the URL, percent escapes and `+` undone.
  case query(String)
  /// A field of a form body.
  case form(String)
  /// JSON pointers, of which the first that leads to a text, a number or a truth value counts.
  /// Relative to the item where a scheme has `items`.
  case json([String])
  /// The text of the first XML element of this local name.
  case xml(String)
  /// What stands behind `/hooks/{source}/`.
  case path
  /// `user:password` of HTTP Basic.
  case basic
  case bearer
  /// The subject of the client certificate.
  case peerSubject
  /// Several headers, or parameters: the secret is a JSON object of names and values.
  case headers
  case queries

  /// Parses `header:NAME`, `query:NAME`, `form:NAME`, `json:/a|/b`, `xml:NAME`, `path`, `basic`,
  /// `bearer`, `tls_subject`, `headers`, `queries`.
  package init(_ text: String) throws(SchemeError) {
    let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
    switch (parts.first, parts.count) {
    case ("header", 2): self = .header(HeaderName(parts[1]))
    case ("query", 2): self = .query(parts[1])
    case ("form", 2): self = .form(parts[1])
    case ("xml", 2): self = .xml(parts[1])
    case ("json", 2):
      let pointers = parts[1].split(separator: "|").map(String.init)
      guard !pointers.isEmpty, pointers.allSatisfy({ $0.hasPrefix("/") }) else {
        throw .badPlace(text)
      }
      self = .json(pointers)
    case ("path", 1): self = .path
    case ("basic", 1): self = .basic
    case ("bearer", 1): self = .bearer
    case ("tls_subject", 1): self = .peerSubject
    case ("headers", 1): self = .headers
    case ("queries", 1): self = .queries
    default: throw .badPlace(text)
    }
  }
}

/// Something that a request must have, or must not have.
package struct Condition: Sendable, Equatable {
  package var place: Place
  /// Nil: any value will do.
  package var value: String?
  /// The value may be a part of what is there.
  package var isPart = false

  /// Parses `PLACE`, `PLACE=VALUE` or `PLACE~=PART`.
  package init(_ text: String) throws(SchemeError) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard var first = parts.first else { throw .badPlace(text) }
    if parts.count == 2, first.hasSuffix("~") {
      isPart = true
      first.removeLast()
    }
    place = try Place(first)
    value = parts.count == 2 ? parts[1] : nil
  }
}
