// What each kind of credential needs, and what does not belong to it.

enum CredentialChecks {
  /// A setting that only some kinds have.
  private struct Part: Sendable {
    var name: String
    var isSet: @Sendable (CredentialSettings) -> Bool
    var neededBy: [String]
    var allowedBy: [String] = []
  }

  private static let grants = ["oauth2_refresh_token", "oauth2_client_credentials", "jwt_bearer"]

  private static let parts: [Part] = [
    Part(name: "token", isSet: { $0.token != nil }, neededBy: ["bearer"]),
    Part(name: "username", isSet: { $0.username != nil }, neededBy: ["basic"]),
    Part(name: "password", isSet: { $0.password != nil }, neededBy: ["basic"]),
    Part(name: "key", isSet: { $0.key != nil }, neededBy: ["api_key"]),
    Part(name: "query", isSet: { $0.query != nil }, neededBy: [], allowedBy: ["api_key"]),
    Part(
      name: "header", isSet: { $0.header != nil }, neededBy: [],
      allowedBy: ["api_key", "bearer"] + grants),
    Part(
      name: "prefix", isSet: { $0.prefix != nil }, neededBy: [],
      allowedBy: ["api_key", "bearer"] + grants),
    Part(name: "token_url", isSet: { $0.tokenURL != nil }, neededBy: grants),
    Part(
      name: "client_id", isSet: { $0.clientId != nil },
      neededBy: ["oauth2_refresh_token", "oauth2_client_credentials"], allowedBy: ["jwt_bearer"]),
    Part(
      name: "client_secret", isSet: { $0.clientSecret != nil },
      neededBy: ["oauth2_client_credentials"], allowedBy: ["oauth2_refresh_token", "jwt_bearer"]),
    Part(
      name: "refresh_token", isSet: { $0.refreshToken != nil },
      neededBy: ["oauth2_refresh_token"]),
    Part(name: "scope", isSet: { $0.scope != nil }, neededBy: [], allowedBy: grants),
    Part(name: "parameters", isSet: { !$0.parameters.isEmpty }, neededBy: [], allowedBy: grants),
    Part(name: "issuer", isSet: { $0.issuer != nil }, neededBy: ["jwt_bearer"]),
    Part(name: "subject", isSet: { $0.subject != nil }, neededBy: ["jwt_bearer"]),
    Part(name: "audience", isSet: { $0.audience != nil }, neededBy: [], allowedBy: ["jwt_bearer"]),
    Part(name: "private_key", isSet: { $0.privateKey != nil }, neededBy: ["jwt_bearer"]),
    Part(name: "key_id", isSet: { $0.keyId != nil }, neededBy: [], allowedBy: ["jwt_bearer"]),
  ]

  /// `path` is that of the `fetch` section.
  static func run(_ fetch: FetchSettings, _ path: SettingPath, _ reader: inout SettingReader) {
    guard let credential = fetch.credential else { return }
    let place = path + "credential"
    if fetch.token != nil {
      reader.report(place, "there is `token` too, which is short for a bearer credential: drop one")
    }
    guard !reader.hasFailed(place + "kind") else { return }
    for part in parts where !reader.hasFailed(within: place + part.name) {
      let isNeeded = part.neededBy.contains(credential.kind)
      if isNeeded, !part.isSet(credential) {
        reader.report(place + part.name, "is missing: kind \(credential.kind) needs it")
      } else if part.isSet(credential), !isNeeded, !part.allowedBy.contains(credential.kind) {
        let kinds = (part.neededBy + part.allowedBy).joined(separator: ", ")
        reader.report(
          place + part.name, "does not go with kind \(credential.kind), only with \(kinds)")
      }
    }
    if credential.header != nil, credential.query != nil, credential.kind == "api_key" {
      reader.report(place + "query", "there is `header` too: the key goes into one of them")
    }
    if let url = credential.tokenURL, url.hasPrefix("http://"), !isLoopback(url),
      !reader.hasFailed(place + "token_url")
    {
      reader.report(
        place + "token_url", "must be https: secrets are sent there in the clear otherwise")
    }
  }

  private static func isLoopback(_ url: String) -> Bool {
    ["http://localhost", "http://127.", "http://[::1]"].contains { url.hasPrefix($0) }
  }
}
