// A request that was refused, as it is kept for a person to look at and to verify again.

/// One record of the rejects topic: the body is the value, everything else is in headers.
package struct RejectedRequest: Sendable, Equatable {
  package var source: String
  package var reason: Rejection
  /// Milliseconds since the Unix epoch; to be verified again it is taken to be this time.
  package var receivedAtMs: Int64
  package var method: String
  package var target: String
  /// Names in lower case, without those that carry credentials.
  package var headers: [Header]
  /// Nil when it was too long to keep: such a request can be looked at, and not promoted.
  package var body: [UInt8]?
  /// Of the body that was sent.
  package var bodyBytes: Int

  package struct Header: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(
    source: String, reason: Rejection, receivedAtMs: Int64, method: String, target: String,
    headers: [Header], body: [UInt8]?, bodyBytes: Int
  ) {
    self.source = source
    self.reason = reason
    self.receivedAtMs = receivedAtMs
    self.method = method
    self.target = target
    self.headers = headers.filter { Self.mayBeKept(header: $0.name) }
    self.body = body
    self.bodyBytes = bodyBytes
  }

  /// False for headers that carry credentials by their name.
  package static func mayBeKept(header name: String) -> Bool {
    let name = name.lowercased()
    // The one well-known name with such a word that is an event's identity instead.
    if name.hasSuffix("idempotency-token") { return true }
    return !["authorization", "cookie", "token", "secret", "password", "api-key", "apikey"]
      .contains { name.contains($0) }
  }
}

extension RejectedRequest {
  private static let prefix = "hookferry-reject-"
  private static let httpPrefix = "http:"

  package var recordHeaders: HeaderList {
    var list = HeaderList()
    list.append(Self.prefix + "source", source)
    list.append(Self.prefix + "reason", reason.rawValue)
    list.append(Self.prefix + "at", Timestamp(ms: receivedAtMs).text)
    list.append(Self.prefix + "method", method)
    list.append(Self.prefix + "target", target)
    list.append(Self.prefix + "body-bytes", String(bodyBytes))
    list.append(Self.prefix + "body-kept", body == nil ? "false" : "true")
    for header in headers { list.append(Self.httpPrefix + header.name, header.value) }
    return list
  }

  /// Nil when the record was not written as one.
  package init?(recordHeaders list: HeaderList, value: [UInt8]) {
    func text(_ name: String) -> String? { list.text(Self.prefix + name) }
    guard let source = text("source"), let method = text("method"), let target = text("target"),
      let reason = text("reason").flatMap({ Rejection(rawValue: $0) }),
      let receivedAtMs = text("at").flatMap({ Timestamp(rfc3339: $0)?.ms }),
      let bodyBytes = text("body-bytes").flatMap({ Int($0) })
    else { return nil }
    self.init(
      source: source, reason: reason, receivedAtMs: receivedAtMs, method: method, target: target,
      headers: list.texts.filter { $0.name.hasPrefix(Self.httpPrefix) }.map {
        Header(String($0.name.dropFirst(Self.httpPrefix.count)), $0.value)
      }, body: text("body-kept") == "true" ? value : nil, bodyBytes: bodyBytes)
  }
}
