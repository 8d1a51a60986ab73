// Which secrets a program needs: a receiver must not be stopped by a token that only the consumer
// reads.

/// The parts of the configuration whose secrets are looked up and whose presence is checked.
/// Everything else is parsed and checked all the same.
package struct ConfigurationScope: OptionSet, Sendable {
  package let rawValue: Int

  package init(rawValue: Int) { self.rawValue = rawValue }

  /// The Kafka connection alone. The other parts include it.
  package static let broker = ConfigurationScope(rawValue: 1)
  /// Sources with their secrets; at least one must be there.
  package static let receiver = ConfigurationScope(rawValue: 2)
  /// Pipelines with their tokens; at least one must be there.
  package static let consumer = ConfigurationScope(rawValue: 4)
  package static let all: ConfigurationScope = [.broker, .receiver, .consumer]
}
