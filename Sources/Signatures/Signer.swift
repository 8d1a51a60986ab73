// Signs requests as a provider would: for the sandbox, for sending a webhook by hand, for tests.

/// Makes the headers of a signed request. To be used by one thread at a time.
package final class Signer {
  private let plan: SigningPlan
  private let secret: SigningPlan.Secret

  /// `publicURL` is needed by schemes that sign the URL.
  package init(_ scheme: Scheme, secret: String, publicURL: String? = nil) throws(SchemeError) {
    plan = try SigningPlan(scheme, publicURL: publicURL)
    self.secret = try SigningPlan.Secret(secret, at: 0, of: scheme)
  }

  init(_ scheme: Scheme, _ plan: SigningPlan, secret: String) throws(SchemeError) {
    self.plan = plan
    self.secret = try SigningPlan.Secret(secret, at: 0, of: scheme)
  }

  /// The headers to add to a request. `target` is path and query as they go on the wire; `id` is
  /// used where the scheme has one; `headers` are those that the template names.
  package func headers(
    method: String = "POST", target: String, headers: [(String, String)] = [], body: [UInt8],
    id: String = "", nowMs: Int64
  ) throws(SchemeError) -> [(String, String)] {
    var added: [(String, String)] = []
    let time = plan.scheme.timestamp?.unit.text(nowMs) ?? ""
    if case .header(let name)? = plan.scheme.timestamp?.source { added.append((name, time)) }
    if let name = plan.scheme.idHeader { added.append((name, id)) }
    let text = try RequestView.with(
      method: method, target: target, headers: headers, body: body
    ) { view throws(SchemeError) in try signature(view, time: time, id: id) }
    added.append(plan.header(text, time: time))
    return added
  }

  private func signature(
    _ view: RequestView, time: String, id: String
  ) throws(SchemeError) -> String {
    let text: String? = Array(time.utf8).withUnsafeBytes { time in
      Array(id.utf8).withUnsafeBytes { id in
        withUnsafeTemporaryAllocation(byteCount: SigningPlan.scratchBytes, alignment: 16) {
          plan.signature(
            view, SigningPlan.Values(timestamp: time, id: id), secret, scratch: $0
          ).map { String(decoding: $0, as: UTF8.self) }
        }
      }
    }
    guard let text else { throw .cryptography(plan.scheme.name) }
    return text
  }
}

extension SigningPlan {
  /// The header that carries a signature, as the scheme writes it.
  func header(_ signature: String, time: String) -> (String, String) {
    let bare = scheme.prefix + signature
    switch scheme.layout {
    case .whole: return (scheme.header, bare)
    case .numbered: return (scheme.header + "1", bare)
    case .list(_, let tag): return (scheme.header, tag + bare)
    case .pairs(let separator, let key):
      var value = "\(key)=\(bare)"
      if case .pair(let name)? = scheme.timestamp?.source {
        value = "\(name)=\(time)\(separator)\(value)"
      }
      return (scheme.header, value)
    }
  }
}
