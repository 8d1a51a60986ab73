// The consumer's program; everything is in ConsumerService.
import ArgumentParser
import ConsumerService

@main
struct HookferryConsumerMain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hookferry-consumer",
    abstract: "Takes events from Kafka, fetches each record from its API and writes it.",
    discussion: """
      Run as many as the events topic has partitions; they share one consumer group. SIGTERM \
      finishes what is under way, commits and leaves the group.
      """)

  @Option(help: "The configuration file.")
  var config = "hookferry.yaml"

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel = "info"

  @Flag(help: "Read the configuration, print it without secrets, and end.")
  var printConfig = false

  func validate() throws {
    guard ConsumerProgram.logLevels.contains(logLevel) else {
      throw ValidationError("--log-level \(logLevel): \(ConsumerProgram.logLevels)")
    }
  }

  func run() async throws {
    let status = await ConsumerProgram.run(
      configPath: config, logLevel: logLevel, isPrintingOnly: printConfig)
    if status != 0 { throw ExitCode(status) }
  }
}
