// Access tokens: who gets one, and for how long it is good.

/// The tokens that are out. Pure: the time comes from the caller.
struct TokenTable: Sendable {
  private let options: SandboxOptions
  private var issued: [String: Issued] = [:]
  private var order: [String] = []
  private var nextNumber = 1

  private struct Issued {
    let issuedAtMs: Int64
    var requests = 0
  }

  /// Older ones are forgotten, which is their end.
  private static let tokensMax = 256
  /// Told where no limit is set; HubSpot's own.
  private static let secondsDefault: Int64 = 1800

  init(_ options: SandboxOptions) { self.options = options }

  /// Counts a request against the token it shows; false when that is none, unknown or expired.
  mutating func take(_ authorization: String?, faults: SandboxFaults, nowMs: Int64) -> Bool {
    guard let authorization, authorization.hasPrefix("Bearer ") else { return false }
    let token = String(authorization.dropFirst(7))
    if token == options.token { return true }
    guard var found = issued[token] else { return false }
    if faults.tokenForMs > 0, nowMs - found.issuedAtMs >= faults.tokenForMs { return false }
    if faults.tokenRequestsMax > 0, found.requests >= faults.tokenRequestsMax { return false }
    found.requests += 1
    issued[token] = found
    return true
  }

  /// The fields of a token request. Nil is a new token's turn; otherwise RFC 6749's error code.
  func refusal(of fields: [String: String]) -> String? {
    guard fields["client_id"] == options.clientId, fields["client_secret"] == options.clientSecret
    else { return "invalid_client" }
    switch fields["grant_type"] {
    case "client_credentials": return nil
    case "refresh_token":
      return fields["refresh_token"] == options.refreshToken ? nil : "invalid_grant"
    default: return "unsupported_grant_type"
    }
  }

  mutating func issue(
    _ fields: [String: String], faults: SandboxFaults, nowMs: Int64
  ) -> TokenAnswer {
    let token = "sandbox-access-\(nextNumber)"
    nextNumber += 1
    issued[token] = Issued(issuedAtMs: nowMs)
    order.append(token)
    if order.count > Self.tokensMax { issued[order.removeFirst()] = nil }
    let seconds = faults.tokenForMs > 0 ? max(faults.tokenForMs / 1000, 1) : Self.secondsDefault
    return TokenAnswer(
      accessToken: token, expiresIn: seconds,
      refreshToken: fields["grant_type"] == "refresh_token" ? options.refreshToken : nil)
  }
}
