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
  package var handshakes: [HandshakeSettings]
  package var answer: ProviderAnswerSettings
  /// HTTP methods that events come with.
  package var methods: [String]
  package var event: ProviderEventSettings
  package var samples: [SampleSettings]
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
    name: "", deadlineMs: 0, successStatus: 0, eventsMax: 0, schemes: [], handshakes: [],
    answer: ProviderAnswerSettings(body: "", contentType: "", emptyRefusals: false), methods: [],
    event: .blank, samples: [])
}
