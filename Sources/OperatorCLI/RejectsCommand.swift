// The requests that the receiver refused and kept: look at them, judge them again, take them in.
import ArgumentParser
import Kafka
import Model
import ReceiverService
import Settings

struct RejectsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rejects",
    abstract: "Look at refused requests, and take them in once a secret was mended.",
    discussion: """
      The receiver keeps refused requests only where receiver.rejects.per_minute_max is above 0.
      After mending a secret: hookferry rejects verify, then hookferry rejects promote.
      """,
    subcommands: [List.self, Verify.self, Promote.self], defaultSubcommand: List.self)

  struct Selection: ParsableArguments {
    @Option(help: "Only of this source.")
    var source: String?

    @Option(help: "Only since: an RFC 3339 time, or how long ago: 90s, 30m, 6h, 2d.")
    var since: String?

    @Option(help: "At most so many requests.")
    var limit = 1000

    func validate() throws {
      guard (1...1_000_000).contains(limit) else { throw ValidationError("--limit 1-1000000") }
      if let since, TimeArgument.ms(since, nowMs: 0) == nil {
        throw ValidationError("--since: write 2026-01-31T12:00:00Z, or 90s, 30m, 6h, 2d")
      }
    }

    /// Calls `body` with each request and where it lies, oldest first within a partition.
    func forEach(
      _ kafka: KafkaSettings, _ body: (RejectedRequest, ConsumedRecord) throws -> Void
    ) throws {
      let sinceMs = since.flatMap { TimeArgument.ms($0, nowMs: TimeArgument.nowMs) }
      var chosen = 0
      let scan = TopicScan(
        kafka: kafka, topic: kafka.rejectsTopic, sinceMs: sinceMs, recordsMax: .max)
      try scan.run { record in
        guard
          let request = RejectedRequest(recordHeaders: record.headers, value: record.value),
          source == nil || request.source == source
        else { return true }
        chosen += 1
        try body(request, record)
        return chosen < limit
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show what was kept, and why.")

    @OptionGroup var file: ConfigOption
    @OptionGroup var selection: Selection
    @OptionGroup var output: OutputOption

    struct Row: Encodable {
      let partition: Int32
      let offset: Int64
      let at: String
      let source: String
      let reason: String
      let method: String
      let target: String
      let bodyBytes: Int
      let isBodyKept: Bool
      let headers: [String: String]
    }

    func run() async throws {
      let kafka = try Loaded.configuration(file.config, scope: .broker).kafka
      var rows: [Row] = []
      try selection.forEach(kafka) { request, record in
        rows.append(
          Row(
            partition: record.partition, offset: record.offset,
            at: Timestamp(ms: request.receivedAtMs).text, source: request.source,
            reason: request.reason.rawValue, method: request.method, target: request.target,
            bodyBytes: request.bodyBytes, isBodyKept: request.body != nil,
            headers: Dictionary(request.headers.map { ($0.name, $0.value) }) { first, _ in first }))
      }
      if output.json { return Loaded.printJSON(rows) }
      var table = TextTable("AT", "SOURCE", "REASON", "REQUEST", "BODY", "PARTITION/OFFSET")
      for row in rows {
        table.add(
          row.at, row.source, row.reason, "\(row.method) \(row.target)",
          "\(row.bodyBytes)\(row.isBodyKept ? "" : " (not kept)")",
          "\(row.partition)/\(row.offset)")
      }
      let terminal = Terminal.current
      for line in table.lines { terminal.line(line) }
      terminal.line("\(rows.count) refused requests in \(kafka.rejectsTopic)")
    }
  }

  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judge them again by the configuration of today; changes nothing.",
      discussion: "The clock is each request's arrival. Exits 1 when one is still refused.")

    @OptionGroup var file: ConfigOption
    @OptionGroup var selection: Selection
    @OptionGroup var output: OutputOption

    func run() async throws {
      var count = RejectCount()
      let review = try Reviewing(file)
      try selection.forEach(review.configuration.kafka) { request, record in
        count.note(request, record, review.review.verdict(on: request))
      }
      count.show(json: output.json, done: "would be taken in")
      if count.refused > 0 { throw ExitCode.failure }
    }
  }

  struct Promote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put the events of those that verify now into the events topic.",
      discussion: """
        Their origin is redrive. Promoting a request twice changes nothing: its events have the
        same ids. Exits 1 when one is still refused, or Kafka did not take all.
        """)

    @OptionGroup var file: ConfigOption
    @OptionGroup var selection: Selection
    @OptionGroup var output: OutputOption

    func run() async throws {
      var count = RejectCount()
      let review = try Reviewing(file)
      let publication = try Publication(review.configuration.kafka)
      do {
        try selection.forEach(review.configuration.kafka) { request, record in
          let verdict = review.review.verdict(on: request)
          if case .verified(let pieces, _) = verdict {
            for piece in pieces { try publication.publish(piece) }
          }
          count.note(request, record, verdict)
        }
      } catch {
        publication.close()
        throw error
      }
      let failed = publication.close()
      count.show(json: output.json, done: "taken in")
      if failed > 0 {
        throw CommandError(
          "Kafka did not take \(failed) events",
          remedy: "look after the brokers and promote again: what is there already is dropped")
      }
      if count.refused > 0 { throw ExitCode.failure }
    }
  }
}

/// The configuration with what judges by it.
private struct Reviewing {
  let configuration: Configuration
  let review: RejectReview

  init(_ file: ConfigOption) throws {
    configuration = try Loaded.configuration(file.config, scope: [.broker, .receiver])
    do throws(ReceiverError) {
      review = try RejectReview(configuration)
    } catch {
      Terminal.complain("\(error)")
      throw Loaded.configurationExitCode
    }
  }
}

/// What became of the requests, counted and told line by line.
private struct RejectCount {
  struct Row: Encodable {
    let partition: Int32
    let offset: Int64
    let source: String
    let outcome: String
    let events: Int
  }

  private(set) var rows: [Row] = []
  private(set) var refused = 0
  private var events = 0

  mutating func note(
    _ request: RejectedRequest, _ record: ConsumedRecord, _ verdict: RejectReview.Verdict
  ) {
    let outcome: String
    var pieces = 0
    switch verdict {
    case .verified(let found, let label):
      pieces = found.count
      outcome = "ok, \(label)"
    case .refused(let rejection): outcome = "refused, \(rejection.rawValue)"
    case .unknownSource: outcome = "refused, the configuration has no such source"
    case .bodyNotKept: outcome = "refused, its body was too long to be kept"
    }
    if !outcome.hasPrefix("ok") { refused += 1 }
    events += pieces
    rows.append(
      Row(
        partition: record.partition, offset: record.offset, source: request.source,
        outcome: outcome, events: pieces))
  }

  func show(json: Bool, done: String) {
    if json { return Loaded.printJSON(rows) }
    var table = TextTable("PARTITION/OFFSET", "SOURCE", "EVENTS", "OUTCOME")
    for row in rows {
      table.add("\(row.partition)/\(row.offset)", row.source, String(row.events), row.outcome)
    }
    let terminal = Terminal.current
    for line in table.lines { terminal.line(line) }
    terminal.line(
      "\(rows.count - refused) of \(rows.count) requests \(done), \(events) events;"
        + " \(refused) still refused")
  }
}
