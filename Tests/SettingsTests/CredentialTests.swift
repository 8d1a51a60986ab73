// Credentials of pipelines: what each kind needs.

import Testing

@testable import Settings

@Suite struct CredentialTests {
  private static let environment = ["TOKEN": "t", "KEY": "k"]

  private func text(_ credential: String, token: String = "") -> String {
    """
    kafka:
      bootstrap_servers: "b:9092"
    sources:
      crm: {provider: hubspot, secrets: "text:x", public_url: "https://a.example.com/hooks/crm"}
    sinks:
      db: {sqlite: a.db}
    pipelines:
      p:
        from: crm
        to: db
        fetch:
          provider: hubspot
          base_url: https://api.hubapi.com\(token.isEmpty ? "" : "\n      token: \(token)")
          credential: \(credential)
    """
  }

  private func messages(_ credential: String, token: String = "") -> [String] {
    do throws(ConfigurationError) {
      _ = try Configuration.parse(
        text: text(credential, token: token), file: "h.yaml", environment: Self.environment)
      return []
    } catch { return error.problems.map { "\($0.key): \($0.message)" } }
  }

  private static let good = [
    "{kind: bearer, token: env:TOKEN}",
    "{kind: basic, username: u, password: env:KEY}",
    "{kind: api_key, key: env:KEY, header: X-API-Key}",
    "{kind: api_key, key: env:KEY, query: api_key}",
    "{kind: oauth2_refresh_token, token_url: https://a/t, client_id: i, client_secret: env:KEY, "
      + "refresh_token: env:TOKEN, prefix: \"Zoho-oauthtoken \"}",
    "{kind: oauth2_client_credentials, token_url: https://a/t, client_id: i, "
      + "client_secret: env:KEY, client_authentication: basic, scope: s, "
      + "parameters: {audience: x}}",
    "{kind: jwt_bearer, token_url: https://a/t, issuer: i, subject: s, audience: a, "
      + "private_key: env:KEY, key_id: k, assertion_lifetime_s: 60}",
  ]

  @Test(arguments: good) func eachKindIsTaken(_ credential: String) {
    #expect(messages(credential) == [])
  }

  @Test func valuesArriveAndStaySecret() throws {
    let configuration = try Configuration.parse(
      text: text(Self.good[5]), file: "h.yaml", environment: Self.environment)
    let credential = try #require(configuration.pipelines.first?.fetch?.credential)
    #expect(credential.kind == "oauth2_client_credentials")
    #expect(credential.clientSecret?.reveal() == "k")
    #expect(credential.parameters == ["audience": "x"])
    #expect(credential.clientAuthentication == "basic")
    #expect(credential.tokenLifetimeS == 1800)
    #expect(credential.assertionLifetimeS == 180)
  }

  @Test func whatIsMissingIsNamed() {
    let place = "pipelines.p.fetch.credential"
    #expect(messages("{kind: bearer}") == ["\(place).token: is missing: kind bearer needs it"])
    #expect(
      messages("{kind: jwt_bearer, token_url: https://a/t}") == [
        "\(place).issuer: is missing: kind jwt_bearer needs it",
        "\(place).private_key: is missing: kind jwt_bearer needs it",
        "\(place).subject: is missing: kind jwt_bearer needs it",
      ])
  }

  @Test func whatDoesNotBelongIsNamed() {
    let place = "pipelines.p.fetch.credential"
    #expect(
      messages("{kind: bearer, token: env:TOKEN, client_id: i}") == [
        "\(place).client_id: does not go with kind bearer, only with oauth2_refresh_token, "
          + "oauth2_client_credentials, jwt_bearer"
      ])
    #expect(
      messages("{kind: api_key, key: env:KEY, header: X-K, query: k}") == [
        "\(place).query: there is `header` too: the key goes into one of them"
      ])
    #expect(
      messages("{kind: bearer, token: env:TOKEN}", token: "env:TOKEN") == [
        "\(place): there is `token` too, which is short for a bearer credential: drop one"
      ])
  }

  @Test func secretsDoNotTravelInTheClear() {
    let rest = "token_url: http://a.example.com/t, client_id: i, client_secret: env:KEY"
    #expect(
      messages("{kind: oauth2_client_credentials, \(rest)}") == [
        "pipelines.p.fetch.credential.token_url: must be https: secrets are sent there in the "
          + "clear otherwise"
      ])
  }
}
