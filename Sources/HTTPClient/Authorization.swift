// What a credential puts on a request.

/// One header field or query parameter. Its text is never shown.
package struct Authorization: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  /// Where the value goes.
  package enum Place: Sendable, Equatable {
    case header(String)
    case query(String)
  }

  package let place: Place
  /// A prefix such as `Bearer ` included.
  private let value: String

  package init(_ place: Place, _ value: String) {
    self.place = place
    self.value = value
  }

  /// `user:password`, as RFC 7617 writes it.
  package static func basic(user: String, password: String) -> Authorization {
    Authorization(
      .header("Authorization"), "Basic " + Base64.encode(Array("\(user):\(password)".utf8)))
  }

  /// Whether nothing but the request's header fields carries it.
  package var isHeader: Bool { if case .header = place { true } else { false } }

  package func apply(to request: inout HTTPRequest) {
    switch place {
    case .header(let name): request.headers.append(name, value)
    case .query(let name):
      let end = request.url.firstIndex(of: "#") ?? request.url.endIndex
      let joint = request.url[..<end].contains("?") ? "&" : "?"
      let pair = "\(FormText.escaped(name))=\(FormText.escaped(value))"
      request.url = request.url[..<end] + joint + pair
    }
  }

  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}
