// Replay: have the group take records again by moving its committed offsets.
import ArgumentParser
import Kafka
import Model
import Settings

struct ReplayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Have the consumers take records again.",
    subcommands: [Reset.self])

  struct Reset: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Move the group's committed offsets; shows only, until told to --execute.",
      discussion: """
        Stop the consumers first: a group with active members is refused. The database cannot \
        become older by a replay: every write is gated by the record's version.
        """)

    @OptionGroup var file: ConfigOption
    @OptionGroup var output: OutputOption

    @Option(help: "The group; consumer.group_id unless given.")
    var group: String?

    @Flag(help: "To the first record that is kept.")
    var toEarliest = false

    @Flag(help: "Past the last record: nothing is replayed, what was not read is passed over.")
    var toLatest = false

    @Option(help: "To this offset, in every partition.")
    var toOffset: Int64?

    @Option(help: "To the first record at or after this time, RFC 3339.")
    var toDatetime: String?

    @Option(help: "Only this partition, repeatable; all unless given.")
    var partition: [Int32] = []

    @Flag(help: "Do it.")
    var execute = false

    func validate() throws { _ = try target }

    func run() async throws {
      let configuration = try Loaded.configuration(file.config, scope: .broker)
      let groupId = group ?? configuration.consumer.groupId
      let topic = configuration.kafka.eventsTopic
      let target = try target
      let rows = try Loaded.withAdmin(configuration.kafka) { admin in
        try GroupOffsets.refuseActive(groupId, admin)
        let rows = try GroupOffsets.facts(
          admin, groupId: groupId, topic: topic, partitions: partition, timeMs: target.timeMs
        ).map(target.row)
        if execute {
          _ = try admin.alterGroupOffsets(
            groupId,
            rows.map { PartitionOffset(TopicPartition(topic, $0.partition), $0.after) },
            timeoutMs: GroupOffsets.timeoutMs)
        }
        return rows
      }
      show(rows, groupId: groupId, topic: topic)
    }

    private func show(_ rows: [ResetRow], groupId: String, topic: String) {
      if output.json { return Loaded.printJSON(rows) }
      var table = TextTable("PARTITION", "BEFORE", "AFTER", "EARLIEST", "LATEST", "AHEAD")
      for row in rows {
        table.add(
          String(row.partition), row.before.map { String($0) } ?? "-", String(row.after),
          String(row.earliest), String(row.latest), String(row.ahead))
      }
      let terminal = Terminal.current
      terminal.line("group \(groupId), topic \(topic)")
      for line in table.lines { terminal.line(line) }
      let ahead = rows.reduce(0) { $0 + $1.ahead }
      terminal.line(
        execute
          ? "done: \(ahead) records lie ahead of the group; start the consumers"
          : "nothing changed; add --execute to do it (\(ahead) records would lie ahead)")
    }

    private var target: ResetTarget {
      get throws {
        var targets: [ResetTarget] = []
        if toEarliest { targets.append(.earliest) }
        if toLatest { targets.append(.latest) }
        if let toOffset { targets.append(.offset(toOffset)) }
        if let toDatetime {
          guard let time = Timestamp(rfc3339: toDatetime) else {
            throw ValidationError(
              "--to-datetime \(toDatetime): write it as 2026-11-20T08:00:00Z or with an offset")
          }
          targets.append(.time(time.ms))
        }
        guard targets.count == 1 else {
          throw ValidationError(
            "give one of --to-earliest, --to-latest, --to-offset N, --to-datetime TIME")
        }
        return targets[0]
      }
    }
  }
}

extension ResetTarget {
  var timeMs: Int64? {
    if case .time(let ms) = self { ms } else { nil }
  }
}
