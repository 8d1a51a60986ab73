// How a pipeline proves who it is to an API.

/// `pipelines.NAME.fetch.credential`; what a kind needs is checked by `CredentialChecks`.
package struct CredentialSettings: Sendable {
  /// `bearer`, `basic`, `api_key`, `oauth2_refresh_token`, `oauth2_client_credentials` or
  /// `jwt_bearer`.
  package var kind: String
  package var token: Secret?
  package var username: String?
  package var password: Secret?
  package var key: Secret?
  /// Where key or token goes; both nil: the header Authorization.
  package var header: String?
  package var query: String?
  /// Nil: `Bearer ` for tokens, nothing for keys.
  package var prefix: String?
  package var tokenURL: String?
  package var clientId: String?
  package var clientSecret: Secret?
  /// `body` or `basic`.
  package var clientAuthentication: String
  package var refreshToken: Secret?
  package var scope: String?
  package var parameters: [String: String]
  package var issuer: String?
  package var subject: String?
  package var audience: String?
  package var privateKey: Secret?
  package var keyId: String?
  package var assertionLifetimeS: Int
  /// For answers without `expires_in`.
  package var tokenLifetimeS: Int

  static let blank = CredentialSettings(
    kind: "", clientAuthentication: "body", parameters: [:], assertionLifetimeS: 0,
    tokenLifetimeS: 0)
}
