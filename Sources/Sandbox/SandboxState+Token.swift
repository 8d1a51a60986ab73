// The part that issues access tokens, as RFC 6749 and HubSpot have it.

internal import FoundationEssentials

extension SandboxState {
  /// `POST /oauth/v1/token`: the grants `refresh_token` and `client_credentials`; the client names
  /// itself in the form or by Basic authentication.
  mutating func token(_ request: SandboxRequest, nowMs: Int64) -> SandboxReply {
    guard request.path == ["oauth", "v1", "token"] else {
      return .error(404, "no such path", "NOT_FOUND")
    }
    guard request.method == "POST" else {
      return .error(405, "method not allowed", "METHOD_NOT_ALLOWED")
    }
    if plan.isDead(nowMs: nowMs) { return SandboxReply(status: 0, isDropped: true) }
    if plan.failsTokenRequest() {
      return .error(plan.faults.errorStatus, "the sandbox was told to fail", "SANDBOX")
    }
    var fields = Self.form(request.body)
    if let (id, secret) = Self.basic(request.authorization) {
      fields["client_id"] = id
      fields["client_secret"] = secret
    }
    if let refusal = tokens.refusal(of: fields) {
      return .json(
        refusal == "invalid_client" ? 401 : 400,
        TokenErrorAnswer(error: refusal, description: "the sandbox issues no token for this"))
    }
    plan.reads.tokensIssued += 1
    return .json(200, tokens.issue(fields, faults: plan.faults, nowMs: nowMs))
  }

  private static func form(_ body: [UInt8]) -> [String: String] {
    let request = SandboxRequest(
      method: "GET", target: "/?" + String(decoding: body, as: UTF8.self))
    return Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
  }

  private static func basic(_ authorization: String?) -> (id: String, secret: String)? {
    guard let authorization, authorization.hasPrefix("Basic "),
      let bytes = Data(base64Encoded: String(authorization.dropFirst(6)))
    else { return nil }
    let parts = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
    return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
  }
}
