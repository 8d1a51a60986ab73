// From a file or a text to the typed configuration, or to everything that is wrong with it.

import FoundationEssentials

extension Configuration {
  /// Reads `path` and parses it. Blocks on the file and on files that hold secrets.
  ///
  /// A variable `HOOKFERRY__RECEIVER__PORT` overrides the setting `receiver.port`.
  package static func load(
    path: String, environment: [String: String] = ProcessInfo.processInfo.environment,
    scope: ConfigurationScope = .all
  ) throws(ConfigurationError) -> Configuration {
    let text: String
    do { text = try TextFile.read(path: path) } catch {
      throw ConfigurationError(problems: [
        ConfigurationProblem(file: path, key: "", message: error.message)
      ])
    }
    return try parse(text: text, file: path, environment: environment, scope: scope)
  }

  /// Parses YAML; `file` is only a name for messages. Secrets outside `scope` are not looked up.
  package static func parse(
    text: String, file: String, environment: [String: String],
    scope: ConfigurationScope = .all
  ) throws(ConfigurationError) -> Configuration {
    let node: YAMLNode?
    do { node = try YAMLNode.parse(text) } catch {
      throw ConfigurationError(problems: [
        ConfigurationProblem(
          file: file, line: error.place?.line, column: error.place?.column, key: "",
          message: error.message)
      ])
    }
    var reader = SettingReader(file: file, environment: environment, scope: scope)
    var configuration = Configuration.blank
    reader.members(Catalogue.root, node, SettingPath(), &configuration)
    CrossChecks.run(configuration, &reader)
    reader.reportUnknownVariables()
    guard reader.problems.isEmpty else { throw ConfigurationError(problems: reader.problems) }
    return configuration
  }
}
