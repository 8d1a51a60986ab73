// Requests that ask whether we are there, as data: answered, and never an event.

/// How a provider tests an address before, or while, it sends events to it.
package struct Handshake: Sendable, Equatable {
  package var name: String
  package var method: String
  /// The request must meet all of `when` and none of `unless`.
  package var when: [Condition]
  package var unless: [Condition]
  /// False: it is answered only when a scheme holds, as for an event.
  package var isUnsigned: Bool
  /// Where the request repeats the source's `handshake_secret`; a wrong one is refused.
  package var secretAt: Place?
  /// The answer's body is the text there, as `text/plain`.
  package var echo: Place?
  /// A URL to be fetched, which tells the provider that we agree.
  package var visit: Place?
  package var visitHosts: [String]
  package var status: Int

  /// A longer text is not echoed: what comes back from us should not be a document.
  package static let echoBytesMax = 4096

  package init(
    name: String, method: String = "POST", when: [Condition] = [], unless: [Condition] = [],
    isUnsigned: Bool = false, secretAt: Place? = nil, echo: Place? = nil, visit: Place? = nil,
    visitHosts: [String] = [], status: Int = 200
  ) {
    self.name = name
    self.method = method
    self.when = when
    self.unless = unless
    self.isUnsigned = isUnsigned
    self.secretAt = secretAt
    self.echo = echo
    self.visit = visit
    self.visitHosts = visitHosts
    self.status = status
  }
}

/// What a handshake is answered with.
package struct HandshakeAnswer: Sendable, Equatable {
  package var name: String
  package var status: Int
  /// As `text/plain`; empty for none.
  package var body: [UInt8] = []
  /// To be fetched, off the event loop.
  package var visit: String?
}
