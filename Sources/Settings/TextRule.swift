// What texts must look like: only what would otherwise fail later and in a less clear way.

import Model

extension TextRule {
  /// The parts that a signed string may be made of; `header:` takes a name.
  static let templateParts = [
    "method", "url", "path", "query", "timestamp", "id", "body", "secret", "form", "crc32",
  ]
  /// Parts that are followed by a name.
  static let namedTemplateParts = ["header:", "json:/", "lines:"]

  /// Nil when the text is fine.
  func complaint(about text: String) -> String? {
    switch self {
    case .any: nil
    case .brokers: Self.brokersComplaint(text)
    case .topic:
      text.count <= 249 && text.unicodeScalars.allSatisfy(Self.isTopicScalar)
        && text != "." && text != ".."
        ? nil : "a topic's name is up to 249 letters, digits, '.', '_' or '-'"
    case .url: Self.urlComplaint(text)
    case .locator: Self.locatorComplaint(text)
    case .splitPath:
      text.hasPrefix("/") || text.hasPrefix("xml:/") ? nil : "must begin with / or xml:/"
    case .pointer: text.hasPrefix("/") ? nil : "must begin with /"
    case .carriedHeader: Self.carriedHeaderComplaint(text)
    case .signedTemplate: Self.templateComplaint(text)
    case .place: Self.placeComplaint(text)
    case .condition: Self.placeComplaint(Self.place(ofCondition: text))
    case .method:
      ["GET", "POST", "PUT", "PATCH", "DELETE"].contains(text)
        ? nil : "must be GET, POST, PUT, PATCH or DELETE"
    case .header:
      text.unicodeScalars.allSatisfy { Self.isWord($0) || $0 == "-" || $0 == "_" }
        ? nil : "must be the name of a header"
    case .network: Self.networkComplaint(text)
    }
  }

  /// What stands before `=` or `~=`.
  private static func place(ofCondition text: String) -> String {
    let place = text.prefix { $0 != "=" }
    return String(place.endIndex < text.endIndex && place.hasSuffix("~") ? place.dropLast() : place)
  }

  /// Names that the user chooses: they become parts of URLs and metric labels.
  static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, isWord(first), text.count <= 64 else {
      return false
    }
    return text.unicodeScalars.allSatisfy { isWord($0) || $0 == "-" || $0 == "_" }
  }

  /// The `{…}` parts of a template, in order; nil when the braces do not match.
  static func templateParts(in text: String) -> [String]? {
    var parts: [String] = []
    var current: String?
    for character in text {
      switch (character, current) {
      case ("{", nil): current = ""
      case ("}", let part?):
        parts.append(part)
        current = nil
      case ("{", _), ("}", nil): return nil
      case (_, let part?): current = part + String(character)
      default: break
      }
    }
    return current == nil ? parts : nil
  }

  private static func templateComplaint(_ text: String) -> String? {
    guard let parts = templateParts(in: text) else { return "the braces do not match" }
    let known =
      templateParts.map { "{\($0)}" }.joined(separator: " ")
      + " {header:NAME} {json:/pointer} {lines:NAME,NAME}"
    for part in parts where !templateParts.contains(part) {
      guard !namedTemplateParts.contains(where: { part.hasPrefix($0) && part != $0 }) else {
        continue
      }
      return "unknown part {\(part)}; known: \(known)"
    }
    return nil
  }

  /// Whether something of the body is signed; otherwise any body would be accepted.
  static func templateCoversBody(_ text: String) -> Bool {
    (templateParts(in: text) ?? []).contains { part in
      ["body", "form", "crc32"].contains(part) || part.hasPrefix("json:")
        || part.hasPrefix("lines:")
    }
  }

  private static func placeComplaint(_ text: String) -> String? {
    let named = ["header:", "query:", "form:", "json:/", "xml:"]
    let bare = ["path", "basic", "bearer", "tls_subject", "headers", "queries"]
    guard !bare.contains(text), !named.contains(where: { text.hasPrefix($0) && text != $0 }) else {
      return nil
    }
    return "must be header:NAME, query:NAME, form:NAME, json:/pointer, xml:NAME or one of "
      + bare.joined(separator: ", ")
  }

  private static func brokersComplaint(_ text: String) -> String? {
    for broker in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let colon = broker.lastIndex(of: ":"), colon > broker.startIndex,
        let port = Int(broker[broker.index(after: colon)...]), (1...65_535).contains(port),
        !broker.contains(where: \.isWhitespace)
      else { return "must be host:port,host:port; \"\(broker)\" is not" }
    }
    return nil
  }

  private static func networkComplaint(_ text: String) -> String? {
    do throws(IPNetwork.Flaw) {
      _ = try IPNetwork(text)
      return nil
    } catch {
      return switch error {
      case .notAnAddress: "must be a network: 10.0.0.0/8, 2001:db8::/32 or one address"
      case .badLength: "the length behind the slash is 0 to 32, for IPv6 0 to 128"
      case .hostBits(let network): "has bits behind its length; did you mean \(network)?"
      }
    }
  }

  private static func urlComplaint(_ text: String) -> String? {
    let schemes = ["https://", "http://"]
    guard let scheme = schemes.first(where: { text.hasPrefix($0) }),
      let host = text.dropFirst(scheme.count).split(
        separator: "/", omittingEmptySubsequences: false
      ).first, !host.isEmpty, !text.contains(where: \.isWhitespace), !text.contains("#")
    else { return "must be a URL: https://host/path" }
    return host.contains("@") ? "must not carry a user name or password" : nil
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9": true
    default: false
    }
  }

  private static func isTopicScalar(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) || scalar == "." || scalar == "_" || scalar == "-"
  }
}
