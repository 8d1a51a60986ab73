// The receiver's program; everything is in ReceiverService.
import ArgumentParser
import ReceiverService

@main
struct HookferryReceiverMain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hookferry-receiver",
    abstract: "Takes webhooks in: verifies, splits, publishes to Kafka, then answers 2xx.",
    discussion: """
      POST /hooks/{source}. Probes and metrics are on the admin port. SIGTERM turns readiness \
      off, finishes what is under way and flushes.
      """)

  @Option(help: "The configuration file.")
  var config = "hookferry.yaml"

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel = "info"

  @Flag(help: "Read the configuration, print it without secrets, and end.")
  var printConfig = false

  func validate() throws {
    guard ReceiverProgram.logLevels.contains(logLevel) else {
      throw ValidationError("--log-level \(logLevel): \(ReceiverProgram.logLevels)")
    }
  }

  func run() async throws {
    let status = await ReceiverProgram.run(
      configPath: config, logLevel: logLevel, isPrintingOnly: printConfig)
    if status != 0 { throw ExitCode(status) }
  }
}
