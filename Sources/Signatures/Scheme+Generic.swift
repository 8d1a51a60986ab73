// The scheme that a user spells out in the configuration.

extension Scheme {
  /// Builds a scheme named `hmac` from words; every wrong word is an error that lists the right
  /// ones. With `toleranceS` nil the time is signed and may be any; else it is two-sided.
  package static func generic(
    header: String, prefix: String, hash: String, encoding: String, key: String, signed: String,
    timestampHeader: String?, timestampUnit: String, toleranceS: Int?
  ) throws(SchemeError) -> Scheme {
    guard !header.isEmpty else {
      throw .missingSetting(setting: "signature.header", neededBy: "provider hmac")
    }
    guard let knownHash = Hash(rawValue: hash) else {
      throw .unknownWord(
        setting: "signature.hash", value: hash, known: Hash.allCases.map(\.rawValue))
    }
    guard let knownEncoding = Encoding(rawValue: encoding) else {
      throw .unknownWord(
        setting: "signature.encoding", value: encoding, known: Encoding.allCases.map(\.rawValue))
    }
    let template = try SignedTemplate(signed)
    if template.needs(.timestamp), timestampHeader == nil {
      throw .missingSetting(setting: "signature.timestamp_header", neededBy: "{timestamp}")
    }
    if template.needs(.id) {
      throw .missingSetting(setting: "{header:NAME} in place of {id}", neededBy: "provider hmac")
    }
    return Scheme(
      name: "hmac", header: header, prefix: prefix, algorithm: .hmac(knownHash),
      encoding: knownEncoding, key: try keyDecoding(key), signed: template,
      timestamp: try rule(timestampHeader, unit: timestampUnit, toleranceS: toleranceS))
  }

  private static func keyDecoding(_ word: String) throws(SchemeError) -> KeyDecoding {
    switch word {
    case "text": .text
    case "hex": .hex
    case "base64": .base64(strippedPrefix: "")
    default:
      throw .unknownWord(setting: "signature.key", value: word, known: ["text", "hex", "base64"])
    }
  }

  private static func rule(
    _ header: String?, unit: String, toleranceS: Int?
  ) throws(SchemeError) -> TimestampRule? {
    guard let header else { return nil }
    guard let unit = TimestampRule.Unit(rawValue: unit) else {
      throw .unknownWord(
        setting: "signature.timestamp_unit", value: unit,
        known: TimestampRule.Unit.allCases.map(\.rawValue))
    }
    return TimestampRule(
      .header(header), unit: unit, toleranceMs: toleranceS.map { Int64($0) * 1000 },
      isTwoSided: true)
  }
}
