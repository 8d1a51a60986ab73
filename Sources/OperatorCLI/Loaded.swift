// What most commands begin with: the configuration, and a client that is closed again.
import ArgumentParser
import FoundationEssentials
import Kafka
import Settings

enum Loaded {
  /// sysexits.h: the configuration is at fault.
  static let configurationExitCode = ExitCode(78)

  /// Reads the file; on problems prints them all and ends the command.
  static func configuration(
    _ path: String, scope: ConfigurationScope
  ) throws -> Configuration {
    do {
      return try Configuration.load(path: path, scope: scope)
    } catch {
      Terminal.complain("\(error)")
      throw configurationExitCode
    }
  }

  static func withAdmin<Result>(
    _ kafka: KafkaSettings, _ body: (AdminClient) throws -> Result
  ) throws -> Result {
    let admin = try AdminClient(
      bootstrapServers: kafka.bootstrapServers, clientId: "hookferry",
      extra: kafka.properties.mapValues { $0.reveal() })
    defer { admin.close() }
    return try body(admin)
  }

  static func printJSON(_ value: some Encodable) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    guard let data = try? encoder.encode(value) else { return }
    Terminal.current.line(String(decoding: data, as: UTF8.self))
  }
}
