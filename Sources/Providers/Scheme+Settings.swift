// From a scheme's words to a scheme.

package import Settings
package import Signatures

extension Scheme {
  package init(_ settings: SchemeSettings) throws(SchemeError) {
    let hash = try Self.hash(settings.hash)
    guard let encoding = Encoding(rawValue: settings.encoding) else {
      throw .unknownWord(
        setting: "encoding", value: settings.encoding, known: Encoding.allCases.map(\.rawValue))
    }
    var at = try Self.place(settings.at)
    if at == nil, settings.algorithm == "secret", !settings.header.isEmpty {
      at = .header(HeaderName(settings.header))
    }
    self.init(
      name: settings.name, header: settings.header, at: at,
      items: settings.items, layout: Self.layout(settings), prefix: settings.prefix,
      algorithm: try Self.algorithm(settings, hash), encoding: encoding, key: Self.key(settings),
      signed: try SignedTemplate(settings.signed), timestamp: try Self.timestamp(settings),
      idHeader: settings.idHeader, idForbids: settings.idForbids,
      requiredHeaders: settings.requiredHeaders, refusesEmptyBody: settings.refusesEmptyBody,
      urlUnescapes: settings.urlUnescapes, hasLoosePort: settings.urlPortLoose,
      bodyHash: try Self.place(settings.bodyHash), hashChoice: try Self.hashChoice(settings),
      when: try Condition.list(settings.when), unless: try Condition.list(settings.unless),
      allowedBy: try Self.place(settings.allowedBy))
    try check()
  }

  /// Words that make sense one by one and not together.
  private func check() throws(SchemeError) {
    func refuse(_ reason: String) -> SchemeError { .contradiction(scheme: name, reason: reason) }
    switch algorithm {
    case .open: return
    case .secret:
      guard at != nil || !header.isEmpty else { throw refuse("say where the secret lies: at") }
      return
    case .plain where !signed.parts.contains(.secret):
      throw refuse("a digest without {secret} in signed is one that anybody can make")
    case .hmac, .plain, .ed25519, .ecdsa, .certificate: break
    }
    guard at != nil || !header.isEmpty else {
      throw refuse("say where the signature lies: header, or at")
    }
    guard signed.coversBody || bodyHash != nil else {
      throw .templateWithoutBody(name)
    }
    let signsTime = signed.parts.contains(.timestamp)
    switch timestamp?.source {
    case nil where signsTime: throw refuse("{timestamp} is signed: say where it is, timestamp")
    case .header where !signsTime, .pair where !signsTime:
      throw refuse("put {timestamp} into signed, or anybody could refresh an old request")
    default: break
    }
    guard idHeader != nil || !signed.parts.contains(.id) else {
      throw refuse("{id} is signed: say where it is, id_header")
    }
  }

  private static func place(_ text: String?) throws(SchemeError) -> Place? {
    guard let text else { return nil }
    return try Place(text)
  }

  private static func hash(_ word: String) throws(SchemeError) -> Hash {
    guard let hash = Hash(rawValue: word) else {
      throw .unknownWord(setting: "hash", value: word, known: Hash.allCases.map(\.rawValue))
    }
    return hash
  }

  private static func layout(_ settings: SchemeSettings) -> Layout {
    let separator = settings.separator.first ?? ","
    return switch settings.layout {
    case "pairs": .pairs(separator: separator, key: settings.tag)
    case "list": .list(separator: separator, tag: settings.tag)
    case "numbered": .numbered
    default: .whole
    }
  }

  private static func key(_ settings: SchemeSettings) -> KeyDecoding {
    switch settings.key {
    case "hex": .hex
    case "html": .html
    case "base64": .base64(strippedPrefix: settings.keyPrefix)
    default: .text
    }
  }

  private static func algorithm(
    _ settings: SchemeSettings, _ hash: Hash
  ) throws(SchemeError) -> Algorithm {
    switch settings.algorithm {
    case "hmac": return .hmac(hash)
    case "digest": return .plain(hash)
    case "ed25519": return .ed25519
    case "ecdsa": return .ecdsa(hash)
    case "secret": return .secret(SecretForm(rawValue: settings.compare) ?? .exact)
    case "none": return .open
    case "certificate":
      guard let url = try place(settings.certificateURL), !settings.certificateHosts.isEmpty,
        !settings.certificatePath.isEmpty, !settings.certificateNames.isEmpty
      else {
        throw .contradiction(
          scheme: settings.name,
          reason: "a certificate needs certificate_url, _hosts, _path and _names: without any of"
            + " them a stranger could choose the key")
      }
      return .certificate(
        hash,
        CertificateRule(
          url: url, hosts: settings.certificateHosts, path: settings.certificatePath,
          names: settings.certificateNames))
    default:
      throw .unknownWord(
        setting: "algorithm", value: settings.algorithm,
        known: ["hmac", "digest", "ed25519", "ecdsa", "certificate", "secret", "none"])
    }
  }

  private static func hashChoice(_ settings: SchemeSettings) throws(SchemeError) -> HashChoice? {
    guard let by = try place(settings.hashBy) else { return nil }
    var hashes: [String: Hash] = [:]
    for (word, name) in settings.hashes { hashes[word] = try hash(name) }
    return HashChoice(by: by, hashes: hashes)
  }

  private static func timestamp(
    _ settings: SchemeSettings
  ) throws(SchemeError) -> TimestampRule? {
    guard let text = settings.timestamp else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1)
    let source: TimestampRule.Source
    switch parts.first {
    case "header" where parts.count == 2: source = .header(String(parts[1]))
    case "pair" where parts.count == 2: source = .pair(String(parts[1]))
    default: source = .place(try Place(text))
    }
    return TimestampRule(
      source, unit: TimestampRule.Unit(rawValue: settings.timestampUnit) ?? .seconds,
      toleranceMs: settings.toleranceS.map { Int64($0) * 1000 },
      isTwoSided: settings.toleranceSides == "both")
  }
}

extension Condition {
  static func list(_ texts: [String]) throws(SchemeError) -> [Condition] {
    var conditions: [Condition] = []
    for text in texts { conditions.append(try Condition(text)) }
    return conditions
  }
}

extension Handshake {
  package init(_ settings: HandshakeSettings) throws(SchemeError) {
    func place(_ text: String?) throws(SchemeError) -> Place? {
      guard let text else { return nil }
      return try Place(text)
    }
    self.init(
      name: settings.name, method: settings.method, when: try Condition.list(settings.when),
      unless: try Condition.list(settings.unless), isUnsigned: settings.isUnsigned,
      secretAt: try place(settings.secretAt), echo: try place(settings.echo),
      visit: try place(settings.visit), visitHosts: settings.visitHosts, status: settings.status)
  }
}
