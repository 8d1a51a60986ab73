// The demo from start to verdict.
import FoundationEssentials
import Logging
import Model
import Sandbox
import Stores
import Telemetry

/// One run of the demo.
struct DemoRun {
  private static let drawIntervalMs = 100

  private let options: DemoOptions
  private let terminal: Terminal
  private let counts = DemoCounts()

  init(_ options: DemoOptions, terminal: Terminal) {
    self.options = options
    self.terminal = terminal
  }

  func run() async throws -> DemoVerdict {
    let directory = try DemoDirectory(keep: options.keep)
    let log = Logger.program(
      label: "hookferry-demo", format: .json, write: try directory.logWriter())
    var view = DemoView(terminal: terminal, nowMs: Self.nowMs)
    view.say("starting an embedded broker, the sandbox CRM, the receiver and the consumer ...")
    let stage = try await DemoStage.start(
      options, directory: directory.path, counts: counts, log: log)
    view.say("the sandbox changes \(options.records) records \(options.changes) times and sends")
    view.say(
      "signed webhooks: \(options.duplicates) % twice, out of order, \(options.poison) unreadable")
    await play(stage, &view)
    let sent = stage.sandbox.progress
    let source = Self.records(of: stage.sandbox)
    view.say("draining: finishing what is under way, committing, closing")
    try await stage.stop()
    let verdict = try judge(source, databasePath: stage.databasePath)
    report(verdict, sent, &view)
    if verdict.isSuccess { directory.remove() } else { view.say("see \(directory.path)") }
    return verdict
  }

  /// Makes the changes and draws until everything accepted has come to its end.
  private func play(_ stage: DemoStage, _ view: inout DemoView) async {
    var script = ChangeScript.Options()
    script.seed = options.seed
    script.recordCount = options.records
    script.changeCount = options.changes
    script.poisonCount = options.poison
    let sandbox = stage.sandbox
    let perSecond = Double(options.rate)
    let isDelivered = Milestone()
    let changes = Task {
      await sandbox.run(ChangeScript(script), perSecond: perSecond)
      await sandbox.waitUntilDelivered()
      isDelivered.reach()
    }
    let deadlineMs = Self.nowMs + Int64(options.timeoutS) * 1000
    while Self.nowMs < deadlineMs {
      // First: what is delivered when this is asked is among what is taken then.
      let isAllDelivered = isDelivered.isReached
      take(sandbox.progress)
      view.draw(counts.current, nowMs: Self.nowMs)
      if isAllDelivered, counts.current.inFlight == 0 { break }
      try? await Task.sleep(for: .milliseconds(Self.drawIntervalMs))
    }
    take(sandbox.progress)
    view.draw(counts.current, nowMs: Self.nowMs, isLast: true)
    changes.cancel()
  }

  private func take(_ progress: SandboxProgress) {
    counts.update { values in
      values.acceptedRequests = progress.requestsAccepted
      values.acceptedEvents = progress.eventsAccepted + progress.poisonBodies
      values.refusedRequests = progress.requestsRetried + progress.requestsRefused
    }
  }

  private static func records(of sandbox: SandboxServer) -> [String: DemoRecord] {
    var records: [String: DemoRecord] = [:]
    for record in sandbox.allRecords() {
      records["\(record.type)/\(record.id)"] = DemoRecord(
        properties: record.properties, updatedAtMs: record.updatedAtMs,
        isDeleted: record.isDeleted)
    }
    return records
  }

  private func judge(
    _ source: [String: DemoRecord], databasePath: String
  ) throws -> DemoVerdict {
    let reader = try StoreReader(path: databasePath)
    let sink = try DemoSink.read(reader)
    let values = counts.current
    var verdict = DemoVerdict(
      appliedTwice: sink.appliedTwice, lost: max(0, values.acceptedEvents - values.ended))
    verdict.compare(source: source, sink: sink.records)
    return verdict
  }

  private func report(_ verdict: DemoVerdict, _ sent: SandboxProgress, _ view: inout DemoView) {
    let values = counts.current
    for line in verdict.mismatches.prefix(10) + verdict.appliedTwice.prefix(10) {
      view.say(terminal.paint("  " + line, .red))
    }
    let rows: [(String, Int, String)] = [
      ("events sent", sent.events + sent.eventsDuplicated + sent.poisonBodies, "repeats included"),
      ("accepted", values.acceptedEvents, "answered 2xx: Kafka has them"),
      ("fetched", values.fetched, "records asked of the API"),
      ("retried", values.retried, "429, 503 and the like"),
      ("written", values.written + values.gone, "states new to the database"),
      ("superseded", values.superseded, "a newer state was there already"),
      ("duplicates dropped", values.duplicates, ""),
      ("dead-lettered", values.deadLettered, "with their reason"), ("lost", verdict.lost, ""),
      ("applied twice", verdict.appliedTwice.count, ""),
      ("mismatches", verdict.mismatches.count, "database against CRM, record by record"),
    ]
    for (name, value, note) in rows {
      let padding = String(repeating: " ", count: 18 - name.count)
      let gap = String(repeating: " ", count: max(1, 8 - String(value).count))
      let line = "\(name)\(padding) = \(value)"
      view.say(note.isEmpty ? line : line + gap + terminal.paint(note, .dim))
    }
    view.say(
      verdict.isSuccess
        ? terminal.paint("verdict: OK, mismatches = 0, nothing lost, nothing applied twice", .green)
        : terminal.paint(
          "verdict: FAILED, mismatches = \(verdict.mismatches.count), lost = \(verdict.lost)", .red)
    )
  }

  private static var nowMs: Int64 { SystemClock.wallMs }
}
