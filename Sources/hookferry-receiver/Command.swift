// hookferry-receiver: takes webhooks in, stores them in Kafka, then says so.

import ArgumentParser
import ReceiverService

@main
struct Command: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hookferry-receiver",
    abstract: "Verifies webhooks, publishes their events to Kafka, answers when they are stored.")

  @Option(name: .long, help: "The configuration file.")
  var config = "hookferry.yaml"

  @Flag(name: .long, help: "Check the configuration and the secrets, then exit.")
  var check = false

  func run() async throws {
    try await ReceiverProgram.run(configurationPath: config, checkOnly: check)
  }
}
