// How far behind the group is.
import ArgumentParser
import Kafka
import Settings

/// `--json` instead of a table.
struct OutputOption: ParsableArguments {
  @Flag(help: "Print JSON instead of a table.")
  var json = false
}

struct LagCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lag", abstract: "How many records of each partition the group has not done.")

  @OptionGroup var file: ConfigOption
  @OptionGroup var output: OutputOption

  @Option(help: "The group; consumer.group_id unless given.")
  var group: String?

  struct Row: Encodable {
    let partition: Int32
    let committed: Int64?
    let latest: Int64
    let lag: Int64
  }

  func run() async throws {
    let configuration = try Loaded.configuration(file.config, scope: .broker)
    let groupId = group ?? configuration.consumer.groupId
    let topic = configuration.kafka.eventsTopic
    let rows = try Loaded.withAdmin(configuration.kafka) { admin in
      try GroupOffsets.facts(
        admin, groupId: groupId, topic: topic, partitions: [], timeMs: nil
      ).map { facts in
        Row(
          partition: facts.partition, committed: facts.committed, latest: facts.latest,
          lag: facts.latest - max(facts.committed ?? facts.earliest, facts.earliest))
      }
    }
    if output.json { return Loaded.printJSON(rows) }
    var table = TextTable("PARTITION", "COMMITTED", "LATEST", "LAG")
    for row in rows {
      table.add(
        String(row.partition), row.committed.map { String($0) } ?? "-", String(row.latest),
        String(row.lag))
    }
    let terminal = Terminal.current
    for line in table.lines { terminal.line(line) }
    terminal.line("lag of group \(groupId): \(rows.reduce(0) { $0 + $1.lag }) records")
  }
}
