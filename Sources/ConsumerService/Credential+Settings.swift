// A fetch's settings to the credential that its requests carry.
package import HTTPClient
package import Settings
import Signatures

extension Credential {
  /// Nil where nothing is to be proved. Throws where a key cannot be used.
  package static func of(_ fetch: FetchSettings) throws(ConsumerError) -> Credential? {
    if let token = fetch.token { return .bearer(token.reveal()) }
    guard let settings = fetch.credential else { return nil }
    let place: Authorization.Place =
      settings.query.map { .query($0) } ?? .header(settings.header ?? "Authorization")
    switch settings.kind {
    case "basic":
      return .basic(user: settings.username ?? "", password: settings.password?.reveal() ?? "")
    case "api_key":
      return .apiKey(settings.key?.reveal() ?? "", in: place, prefix: settings.prefix ?? "")
    case "bearer":
      return .apiKey(
        settings.token?.reveal() ?? "", in: place, prefix: settings.prefix ?? "Bearer ")
    default: return Credential(.token(try grant(settings, place)))
    }
  }

  private static func grant(
    _ settings: CredentialSettings, _ place: Authorization.Place
  ) throws(ConsumerError) -> TokenGrant {
    let url = settings.tokenURL ?? ""
    let kind: TokenGrant.Kind =
      switch settings.kind {
      case "oauth2_refresh_token": .refreshToken(settings.refreshToken?.reveal() ?? "")
      case "jwt_bearer": .jwtBearer(try assertion(settings, audience: settings.audience ?? url))
      default: .clientCredentials
      }
    var grant = TokenGrant(
      kind, tokenURL: url, clientId: settings.clientId,
      clientSecret: settings.clientSecret?.reveal())
    grant.clientAuthentication = settings.clientAuthentication == "basic" ? .basic : .body
    grant.scope = settings.scope
    grant.parameters = settings.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    grant.lifetimeSDefault = Int64(settings.tokenLifetimeS)
    grant.place = place
    grant.prefix = settings.prefix ?? "Bearer "
    return grant
  }

  private static func assertion(
    _ settings: CredentialSettings, audience: String
  ) throws(ConsumerError) -> JWTAssertion {
    let signer: RSASigner
    do throws(SchemeError) {
      signer = try RSASigner(pem: settings.privateKey?.reveal() ?? "")
    } catch {
      throw ConsumerError(
        message: "the private key of a credential cannot be used: \(error)",
        remedy: "give the RSA key in PEM, of 2048 bits or more, without a passphrase")
    }
    return JWTAssertion(
      issuer: settings.issuer ?? "", subject: settings.subject ?? "", audience: audience,
      keyId: settings.keyId, lifetimeS: Int64(settings.assertionLifetimeS),
      sign: { try signer.sign($0) })
  }
}
