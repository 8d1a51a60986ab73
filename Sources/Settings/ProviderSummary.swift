// A provider in one line, for lists and for docs/PROVIDERS.md.

/// What a person asks first of a provider.
package struct ProviderSummary: Encodable, Sendable, Equatable {
  package let name: String
  package let schemes: [String]
  /// `one`, `many`, or `one, many` where it depends on the body.
  package let events: String
  package let deadline_ms: Int
  package let success_status: Int
  package let has_handshake: Bool
  package let samples: [String]

  package init(_ settings: ProviderSettings) {
    name = settings.name
    schemes = settings.schemes.map(\.name)
    let isSplit = !settings.event.split.isEmpty || !settings.event.repeats.isEmpty
    events = isSplit ? "many" : "one"
    deadline_ms = settings.deadlineMs
    success_status = settings.successStatus
    has_handshake = !settings.handshakes.isEmpty
    samples = settings.samples.map(\.name)
  }

  /// Of the built-in ones, by name.
  package static func all() throws(ConfigurationError) -> [ProviderSummary] {
    var summaries: [ProviderSummary] = []
    for name in ProviderSettings.builtInNames {
      if let settings = try ProviderSettings.builtIn(name) { summaries.append(Self(settings)) }
    }
    return summaries
  }
}
