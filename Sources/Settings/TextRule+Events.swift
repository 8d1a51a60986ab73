// What places and carried headers must look like.

extension TextRule {
  private static let sources = [
    "header:", "query:", "form:", "json:/", "up:/", "body:/", "xml:/", "text:",
  ]

  /// Only the beginning of each part: whoever uses a place reads the rest.
  static func locatorComplaint(_ text: String) -> String? {
    for alternative in pieces(text, "??") {
      for part in pieces(alternative, "+") {
        let source = pieces(part, "|")[0]
        let isWord = ["item", "type", "event"].contains(source)
        guard isWord || sources.contains(where: { source.hasPrefix($0) && source != $0 }) else {
          return "must be header:NAME, json:/pointer or text:VALUE"
        }
      }
    }
    return nil
  }

  private static func pieces(_ text: some StringProtocol, _ mark: String) -> [Substring] {
    var pieces: [Substring] = []
    var rest = Substring(text)
    while let found = rest.firstRange(of: " \(mark) ") {
      pieces.append(rest[..<found.lowerBound])
      rest = rest[found.upperBound...]
    }
    return pieces + [rest]
  }

  /// A header that proves who sent a request must not lie in the log, and none may look like ours.
  static func carriedHeaderComplaint(_ text: String) -> String? {
    let name = text.lowercased()
    let secret = [
      "auth", "cookie", "signature", "secret", "token", "hmac", "password", "apikey", "api-key",
      "credential", "session",
    ]
    if let part = secret.first(where: { name.contains($0) }) {
      return "must not be carried: \(part) headers hold secrets"
    }
    let ours = ["ce_", "ce-", "__dlq", "hookferry", "content-type", "traceparent"]
    if ours.contains(where: { name.hasPrefix($0) }) { return "is a name of Hookferry's own" }
    return TextRule.header.complaint(about: text)
  }
}
