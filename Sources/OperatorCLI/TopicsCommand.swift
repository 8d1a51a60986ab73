// The topics that Hookferry needs.
import ArgumentParser
import Kafka
import Settings

struct TopicsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "topics", abstract: "Look after Hookferry's topics.",
    subcommands: [Create.self])

  struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Create the topics that the configuration needs; those that exist are left alone.")

    @OptionGroup var file: ConfigOption

    @Option(help: "Partitions of the events topic: the most consumers that can share it.")
    var partitions = 12

    @Option(help: "Copies of each partition.")
    var replication = 3

    @Option(help: "Retention of the events topic in hours: how far back a replay can go.")
    var retentionHours = 168

    func validate() throws {
      guard (1...10_000).contains(partitions) else { throw ValidationError("--partitions 1-10000") }
      guard (1...9).contains(replication) else { throw ValidationError("--replication 1-9") }
      guard (1...87_600).contains(retentionHours) else {
        throw ValidationError("--retention-hours 1-87600")
      }
    }

    func run() async throws {
      let configuration = try Loaded.configuration(file.config, scope: .broker)
      let kafka = configuration.kafka
      try Loaded.withAdmin(kafka) { admin in
        let retentionMs = String(retentionHours * 3_600_000)
        var wanted = [
          NewTopic(
            kafka.eventsTopic, partitions: Int32(partitions), replication: Int32(replication),
            config: ["retention.ms": retentionMs]),
          // Dead letters wait for a person: they are kept until redriven or dropped.
          NewTopic(
            kafka.deadLettersTopic, partitions: Int32(partitions), replication: Int32(replication),
            config: ["retention.ms": "-1"]),
        ]
        if configuration.consumer.engine.isParking {
          // Partition for partition beside the events: a consumer reads both together.
          wanted.append(
            NewTopic(
              kafka.retryTopic, partitions: Int32(partitions), replication: Int32(replication),
              config: ["retention.ms": retentionMs]))
        }
        if configuration.receiver.rejectsPerMinuteMax > 0 {
          // A sample for a diagnosis; senders come back with what was refused by mistake.
          wanted.append(
            NewTopic(
              kafka.rejectsTopic, partitions: 1, replication: Int32(replication),
              config: ["retention.ms": retentionMs]))
        }
        var hasFailed = false
        for (topic, error) in try admin.createTopics(wanted, timeoutMs: 15_000) {
          switch error {
          case nil: Terminal.current.line("created  \(topic)")
          case let error? where error.code == .topicAlreadyExists:
            Terminal.current.line("exists   \(topic)")
          case let error?:
            hasFailed = true
            Terminal.complain("failed   \(topic): \(error); \(error.remedy)")
          }
        }
        if hasFailed { throw ExitCode.failure }
      }
    }
  }
}
