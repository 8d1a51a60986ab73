// The operator's command line.
package import ArgumentParser

/// `hookferry` and its subcommands.
package struct Hookferry: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "hookferry",
    abstract: "Keeps systems in step: webhooks as hints, the API as truth, Kafka between.",
    discussion: """
      hookferry-receiver and hookferry-consumer do the work; this is the operator's hand.
      Start with: hookferry demo
      """,
    subcommands: [
      DemoCommand.self, CheckCommand.self, LagCommand.self, ReplayCommand.self,
      RejectsCommand.self, DoctorCommand.self, TopicsCommand.self, SandboxCommand.self,
      BrokerCommand.self,
      SendCommand.self, ProvidersCommand.self, VerifyCommand.self,
    ])

  package init() {}
}

/// The options that every command with a configuration has.
struct ConfigOption: ParsableArguments {
  @Option(name: .long, help: "The configuration file.")
  var config = "hookferry.yaml"
}
