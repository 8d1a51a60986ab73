// Credentials for APIs.

extension Catalogue {
  static let credentialKinds = [
    "bearer", "basic", "api_key", "oauth2_refresh_token", "oauth2_client_credentials", "jwt_bearer",
  ]

  static let credential: [Entry<CredentialSettings>] =
    credentialFixed + credentialToken + credentialAssertion

  private static let credentialFixed: [Entry<CredentialSettings>] = [
    .choice("kind", \.kind, credentialKinds, "What the API takes."),
    .optionalSecret("token", \.token, neededBy: .consumer, "For `bearer`: the token."),
    .optionalText("username", \.username, .any, "For `basic`: the user."),
    .optionalSecret("password", \.password, neededBy: .consumer, "For `basic`: the password."),
    .optionalSecret("key", \.key, neededBy: .consumer, "For `api_key`: the key."),
    .optionalText(
      "header", \.header, .header,
      "The header that key or token goes into; without it, and without `query`, Authorization."),
    .optionalText(
      "query", \.query, .any,
      "For `api_key`: the query parameter that the key goes into, in place of a header. Mind that "
        + "URLs end up in logs of others."),
    .optionalText(
      "prefix", \.prefix, .any,
      "Stands right before key or token, e.g. `\"Zoho-oauthtoken \"`. Without it `\"Bearer \"` "
        + "stands before tokens and nothing before keys."),
  ]

  private static let credentialToken: [Entry<CredentialSettings>] = [
    .optionalText(
      "token_url", \.tokenURL, .url, "For `oauth2_*` and `jwt_bearer`: where tokens come from."),
    .optionalText("client_id", \.clientId, .any, "The client's id there."),
    .optionalSecret(
      "client_secret", \.clientSecret, neededBy: .consumer, "The client's secret there."),
    .choice(
      "client_authentication", \.clientAuthentication, default: "body", ["body", "basic"],
      "How id and secret are sent: as form fields, or as a Basic header."),
    .optionalSecret(
      "refresh_token", \.refreshToken, neededBy: .consumer,
      "For `oauth2_refresh_token`: the token that was given out when the application was "
        + "authorized."),
    .optionalText("scope", \.scope, .any, "What is asked for, in the provider's words."),
    .textMap(
      "parameters", \.parameters, "Further form fields, e.g. `audience` or `resource`."),
    .integer(
      "token_lifetime_s", \.tokenLifetimeS, default: 1800, 60...86_400, .seconds,
      "How long a token is used when the answer does not say (Salesforce)."),
  ]

  private static let credentialAssertion: [Entry<CredentialSettings>] = [
    .optionalText("issuer", \.issuer, .any, "For `jwt_bearer`: `iss`, mostly the client's id."),
    .optionalText("subject", \.subject, .any, "For `jwt_bearer`: `sub`, on whose behalf."),
    .optionalText(
      "audience", \.audience, .any,
      "For `jwt_bearer`: `aud`, e.g. `https://login.salesforce.com`; without it `token_url`."),
    .optionalSecret(
      "private_key", \.privateKey, neededBy: .consumer,
      "For `jwt_bearer`: the RSA key in PEM, of 2048 bits or more, without a passphrase."),
    .optionalText(
      "key_id", \.keyId, .any, "For `jwt_bearer`: `kid`, where there are several keys."),
    .integer(
      "assertion_lifetime_s", \.assertionLifetimeS, default: 180, 10...3600, .seconds,
      "For `jwt_bearer`: until when the assertion holds; Salesforce takes 180 at most."),
  ]
}
