// What a token end point says.

package import JSONText
package import Model

/// A token as it was answered. Its texts are never shown.
package struct TokenAnswer: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
  package var accessToken: String
  /// Nil where the end point does not say.
  package var lifetimeS: Int64?
  /// Takes the old one's place.
  package var refreshToken: String?
  /// Where this account's API is, at Salesforce.
  package var instanceURL: String?

  package init(
    accessToken: String, lifetimeS: Int64? = nil, refreshToken: String? = nil,
    instanceURL: String? = nil
  ) {
    self.accessToken = accessToken
    self.lifetimeS = lifetimeS
    self.refreshToken = refreshToken
    self.instanceURL = instanceURL
  }

  package var description: String { "<redacted>" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why there is no token.
package struct TokenRefusal: Error, Sendable, Equatable {
  package var failure: Failure
  /// True when asking again cannot help before somebody mends the credential.
  package var isPermanent: Bool

  package init(_ failure: Failure, isPermanent: Bool) {
    self.failure = failure
    self.isPermanent = isPermanent
  }
}

extension TokenAnswer {
  private static let fields = JSONFields([
    "access_token", "expires_in", "refresh_token", "instance_url", "error",
  ])

  /// Reads the end of a token request. `nowMs` is the time by the calendar, for Retry-After.
  package static func read(
    _ result: Result<HTTPResponse, HTTPError>, scanner: JSONScanner, nowMs: Int64
  ) -> Result<TokenAnswer, TokenRefusal> {
    let response: HTTPResponse
    switch result {
    case .failure(let error):
      return .failure(
        TokenRefusal(
          Failure(.transient, .enrich, "no token: \(error.description)"), isPermanent: false))
    case .success(let value): response = value
    }
    let texts = texts(response.body, scanner)
    if (200..<300).contains(response.status), texts["error"] == nil,
      let token = texts["access_token"], isPlain(token)
    {
      return .success(
        TokenAnswer(
          accessToken: token, lifetimeS: texts["expires_in"].flatMap { Int64($0) },
          refreshToken: texts["refresh_token"].flatMap { $0.isEmpty ? nil : $0 },
          instanceURL: texts["instance_url"]))
    }
    return .failure(refusal(response, error: texts["error"], nowMs: nowMs))
  }

  private static func refusal(
    _ response: HTTPResponse, error: String?, nowMs: Int64
  ) -> TokenRefusal {
    let meaning = response.meaning(.enrich, nowMs: nowMs)
    let waits = ["temporarily_unavailable", "server_error", "slow_down"]
    if case .failed(var failure) = meaning,
      [.transient, .throttled].contains(failure.failureClass) || waits.contains(error ?? "")
    {
      if failure.failureClass != .throttled { failure.failureClass = .transient }
      failure.message = "no token: the token end point answered \(response.status)"
      return TokenRefusal(failure, isPermanent: false)
    }
    // Only a word of the protocol is repeated: anything longer may hold what was sent.
    let word = error.flatMap { text in
      text.utf8.count <= 40
        && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || $0 == 0x5F } ? text : nil
    }
    let advice =
      switch word {
      case "invalid_client", "unauthorized_client": "check the client's id and secret"
      case "invalid_grant", "access_denied": "authorize the application again"
      case "invalid_scope": "check the scope"
      default: "check the credential's settings"
      }
    return TokenRefusal(
      Failure(
        .auth, .enrich,
        "no token: the token end point answered \(response.status)"
          + (word.map { " \($0)" } ?? "") + "; \(advice)",
        httpStatus: response.status), isPermanent: true)
  }

  private static func texts(_ body: [UInt8], _ scanner: JSONScanner) -> [String: String] {
    body.withUnsafeBytes { bytes in
      guard (try? scanner.scan(bytes, fields: fields)) != nil, !scanner.isArray, scanner.count == 1
      else { return [:] }
      var texts: [String: String] = [:]
      for (index, name) in fields.names.enumerated() {
        texts[name] = scanner.field(0, index).text(in: bytes)
      }
      return texts
    }
  }

  /// Visible ASCII: anything else could not stand in a header.
  private static func isPlain(_ token: String) -> Bool {
    !token.isEmpty && token.utf8.allSatisfy { (0x21...0x7E).contains($0) }
  }
}
