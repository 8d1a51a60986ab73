// Why a request brought no response. An HTTP status is not an error here: see StatusMeaning.

package import Model

/// A request that ended without a response. Its texts name the origin at most: never a path, a
/// query or a header, since all three carry secrets at some provider.
package struct HTTPError: Error, Sendable, Equatable, CustomStringConvertible {
  package let code: Code
  /// One sentence: what happened and with whom.
  package let description: String

  /// The kinds of error, closed: fit for a metric's label.
  package enum Code: String, Sendable, CaseIterable {
    /// The time-out for connecting, for the first byte or for the whole passed.
    case timeout
    case connectionFailed = "connection_failed"
    case dns
    case tls
    case responseTooLarge = "response_too_large"
    /// `cancel`, or the client was closed.
    case cancelled
    /// The answer was not HTTP, or broke off.
    case protocolError = "protocol_error"
    /// More requests wait than the limits allow; nothing was sent.
    case overloaded
    /// The request itself is malformed; nothing was sent.
    case invalidRequest = "invalid_request"
    /// The URL of a guarded request leads into a private network; nothing was sent.
    case addressRefused = "address_refused"
    /// A call that must not fail has failed.
    case bug
  }

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// The metric label; one of `Code`.
  package var label: String { code.rawValue }

  /// True when the same request may succeed later.
  package var isRetriable: Bool { failureClass.isRetriable }

  /// How the pipeline treats it.
  package var failureClass: FailureClass {
    switch code {
    case .timeout, .connectionFailed, .dns, .tls, .cancelled, .protocolError, .overloaded:
      .transient
    case .responseTooLarge, .addressRefused: .permanent
    case .invalidRequest, .bug: .bug
    }
  }

  /// What a person can do about it.
  package var remedy: String {
    switch code {
    case .timeout: "look whether the other side is slow, or raise the time-out"
    case .connectionFailed: "check address, port and firewall, and that the other side runs"
    case .dns: "check the host name and the resolver"
    case .tls: "check the certificate of the other side and the CA bundle here"
    case .responseTooLarge: "ask for fewer properties, or raise the response limit"
    case .cancelled: "nothing: the work was given up on purpose and will be taken up again"
    case .protocolError: "check that the address speaks HTTP; look for a proxy in between"
    case .overloaded: "send less at a time, or raise the connection limits"
    case .invalidRequest: "check the base URL and the credential for stray characters"
    case .addressRefused:
      "look who sent this URL; if it is meant, allow its network for guarded requests"
    case .bug: "report it with the program's version"
    }
  }

  /// The same as a pipeline's failure.
  package func failure(_ stage: Stage) -> Failure { Failure(failureClass, stage, description) }
}
