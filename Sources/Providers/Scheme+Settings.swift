// From a scheme's words to a scheme.

package import Settings
package import Signatures

extension Scheme {
  package init(_ settings: SchemeSettings) throws(SchemeError) {
    guard let hash = Hash(rawValue: settings.hash) else {
      throw .unknownWord(
        setting: "hash", value: settings.hash, known: Hash.allCases.map(\.rawValue))
    }
    guard let encoding = Encoding(rawValue: settings.encoding) else {
      throw .unknownWord(
        setting: "encoding", value: settings.encoding, known: Encoding.allCases.map(\.rawValue))
    }
    let separator = settings.separator.first ?? ","
    let layout: Layout =
      switch settings.layout {
      case "pairs": .pairs(separator: separator, key: settings.tag)
      case "list": .list(separator: separator, tag: settings.tag)
      case "numbered": .numbered
      default: .whole
      }
    let key: KeyDecoding =
      switch settings.key {
      case "hex": .hex
      case "base64": .base64(strippedPrefix: settings.keyPrefix)
      default: .text
      }
    self.init(
      name: settings.name, header: settings.header, layout: layout, prefix: settings.prefix,
      algorithm: settings.algorithm == "digest" ? .plain(hash) : .hmac(hash), encoding: encoding,
      key: key, signed: try SignedTemplate(settings.signed),
      timestamp: try Self.timestamp(settings), idHeader: settings.idHeader,
      idForbids: settings.idForbids, requiredHeaders: settings.requiredHeaders,
      refusesEmptyBody: settings.refusesEmptyBody, urlUnescapes: settings.urlUnescapes)
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
    default: throw .unknownWord(setting: "timestamp", value: text, known: ["header:", "pair:"])
    }
    return TimestampRule(
      source, unit: settings.timestampUnit == "ms" ? .milliseconds : .seconds,
      toleranceMs: settings.toleranceS.map { Int64($0) * 1000 },
      isTwoSided: settings.toleranceSides == "both")
  }
}
