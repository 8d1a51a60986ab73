// How requests of one account prove who they are, as data.

/// A credential. The texts in it are secrets: it describes itself by its kind alone.
package struct Credential: Sendable, CustomStringConvertible, CustomReflectable {
  package enum Kind: Sendable {
    /// The same on every request: bearer, basic, API key.
    case fixed(Authorization)
    /// A token that is fetched and wears out.
    case token(TokenGrant)
  }

  package let kind: Kind

  package init(_ kind: Kind) { self.kind = kind }

  package static func bearer(_ token: String) -> Credential {
    Credential(.fixed(Authorization(.header("Authorization"), "Bearer " + token)))
  }

  package static func basic(user: String, password: String) -> Credential {
    Credential(.fixed(.basic(user: user, password: password)))
  }

  /// `prefix` stands right before the key, e.g. `Token token=`.
  package static func apiKey(
    _ key: String, in place: Authorization.Place, prefix: String = ""
  ) -> Credential {
    Credential(.fixed(Authorization(place, prefix + key)))
  }

  package var description: String {
    switch kind {
    case .fixed: "fixed credential"
    case .token(let grant): grant.description
    }
  }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A grant of OAuth 2 and where it is turned into a token.
package struct TokenGrant: Sendable, CustomStringConvertible, CustomReflectable {
  package enum Kind: Sendable {
    case refreshToken(String)
    case clientCredentials
    /// RFC 7523; the assertion is made anew for each request.
    case jwtBearer(JWTAssertion)
  }

  /// How the client says who it is.
  package enum ClientAuthentication: Sendable { case body, basic }

  package var kind: Kind
  package var tokenURL: String
  package var clientId: String?
  package var clientSecret: String?
  package var clientAuthentication = ClientAuthentication.body
  package var scope: String?
  /// Further form fields: `audience`, `resource`.
  package var parameters: [(name: String, value: String)] = []
  /// For answers without `expires_in`, as Salesforce's.
  package var lifetimeSDefault: Int64 = 1800
  package var timeoutMs: Int32 = 10_000
  /// Where the token goes, and what stands before it.
  package var place = Authorization.Place.header("Authorization")
  package var prefix = "Bearer "

  package init(_ kind: Kind, tokenURL: String, clientId: String?, clientSecret: String?) {
    self.kind = kind
    self.tokenURL = tokenURL
    self.clientId = clientId
    self.clientSecret = clientSecret
  }

  package var description: String {
    switch kind {
    case .refreshToken: "OAuth 2 refresh token"
    case .clientCredentials: "OAuth 2 client credentials"
    case .jwtBearer: "JWT bearer"
    }
  }
  package var customMirror: Mirror { Mirror(self, children: []) }

  /// Answers of token end points are short.
  package static let answerBytesMax = 256 << 10

  /// The request for a token. `refreshToken` is the one in force, which may have been rotated;
  /// `epochS` is the time by the calendar. Throws when the assertion cannot be signed.
  func request(refreshToken: String?, epochS: Int64) throws -> HTTPRequest {
    var fields: [(String, String)] = []
    switch kind {
    case .refreshToken(let first):
      fields = [("grant_type", "refresh_token"), ("refresh_token", refreshToken ?? first)]
    case .clientCredentials: fields = [("grant_type", "client_credentials")]
    case .jwtBearer(let assertion):
      fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", try assertion.signed(epochS: epochS, scope: scope)),
      ]
    }
    if let scope { fields.append(("scope", scope)) }
    fields += parameters.map { ($0.name, $0.value) }
    var request = HTTPRequest(
      method: "POST", url: tokenURL,
      headers: [
        "Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json",
      ],
      connectTimeoutMs: timeoutMs, totalTimeoutMs: timeoutMs,
      responseBytesMax: Self.answerBytesMax)
    if let clientId {
      switch clientAuthentication {
      case .body:
        fields.append(("client_id", clientId))
        if let clientSecret { fields.append(("client_secret", clientSecret)) }
      case .basic:
        // RFC 6749, 2.3.1: both parts are form-encoded first.
        Authorization.basic(
          user: FormText.escaped(clientId), password: FormText.escaped(clientSecret ?? "")
        ).apply(to: &request)
      }
    }
    request.body = Array(FormText.encode(fields).utf8)
    return request
  }
}
