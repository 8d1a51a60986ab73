// A provider as text: how it signs, what its bodies hold, how patient it is. The built-in ones are
// written in the same words as a user's own.

/// Everything that the receiver knows of a provider, before any word of it was interpreted.
package struct ProviderSettings: Sendable, Equatable {
  package var name: String
  /// How long the provider waits for an answer.
  package var deadlineMs: Int
  /// What it takes for success.
  package var successStatus: Int
  /// More events than this in one body are kept together as one that nobody can key.
  package var eventsMax: Int
  /// Tried in this order; a request must satisfy one of them.
  package var schemes: [SchemeSettings]
  package var event: ProviderEventSettings
  package var samples: [SampleSettings]
}

/// One way of proving where a request comes from.
package struct SchemeSettings: Sendable, Equatable {
  /// Stands in `ce_verifiedby`.
  package var name: String
  package var header: String
  /// `whole`, `pairs`, `list` or `numbered`
  package var layout: String
  /// Between pairs or the items of a list.
  package var separator: String
  /// The key of a pair, or what an item of a list begins with.
  package var tag: String
  package var prefix: String
  /// `hmac` or `digest`
  package var algorithm: String
  package var hash: String
  package var encoding: String
  /// `text`, `hex` or `base64`
  package var key: String
  /// Taken off a secret before it is decoded.
  package var keyPrefix: String
  package var signed: String
  /// `header:NAME` or `pair:KEY`
  package var timestamp: String?
  package var timestampUnit: String
  package var toleranceS: Int?
  package var toleranceSides: String
  package var idHeader: String?
  package var idForbids: String
  package var requiredHeaders: [String]
  package var refusesEmptyBody: Bool
  package var urlUnescapes: String
}

extension ProviderSettings {
  /// Reads one provider's own text, which has the members that `providers.NAME` has; `name` is also
  /// the file's name in problems.
  package static func parse(
    name: String, text: String
  ) throws(ConfigurationError) -> ProviderSettings {
    let node: YAMLNode?
    do { node = try YAMLNode.parse(text) } catch {
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          file: name, line: error.place?.line, column: error.place?.column, key: "",
          message: error.message)
      ])
    }
    var reader = SettingReader(file: name, environment: [:], scope: [])
    var provider = ProviderSettings.blank
    provider.name = name
    reader.members(Catalogue.provider, node, SettingPath(), &provider)
    guard reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
    return provider
  }
}

extension ProviderSettings {
  static let blank = ProviderSettings(
    name: "", deadlineMs: 0, successStatus: 0, eventsMax: 0, schemes: [], event: .blank,
    samples: [])
}

extension SchemeSettings {
  static let blank = SchemeSettings(
    name: "", header: "", layout: "", separator: "", tag: "", prefix: "", algorithm: "", hash: "",
    encoding: "", key: "", keyPrefix: "", signed: "", timestampUnit: "", toleranceSides: "",
    idForbids: "", requiredHeaders: [], refusesEmptyBody: false, urlUnescapes: "")
}
