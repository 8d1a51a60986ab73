// Everything that is wrong with a configuration, told at once.

/// One thing to mend.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
  package var file: String
  /// From 1; nil when the problem is in no line, as with an environment variable.
  package var line: Int?
  /// From 1.
  package var column: Int?
  /// The setting's path, e.g. `receiver.port`; empty when the text is not YAML.
  package var key: String
  /// What is wrong and what to do, without the setting's value where that may be secret.
  package var message: String

  package var description: String {
    var place = file
    if let line { place += ":\(line)" }
    if let column { place += ":\(column)" }
    return key.isEmpty ? "\(place): \(message)" : "\(place): \(key): \(message)"
  }
}

/// A configuration that no program starts with. `problems` is never empty and sorted by line.
package struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  package let problems: [ConfigurationProblem]

  package init(problems: [ConfigurationProblem]) {
    self.problems = problems.sorted {
      ($0.line ?? .max, $0.column ?? .max, $0.key) < ($1.line ?? .max, $1.column ?? .max, $1.key)
    }
  }

  /// One line a problem.
  package var description: String {
    problems.map(\.description).joined(separator: "\n")
  }
}
