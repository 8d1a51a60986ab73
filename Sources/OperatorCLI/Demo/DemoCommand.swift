// The whole of Hookferry in one process, on a machine with nothing but the program.
import ArgumentParser

struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Show webhooks travel from a pretend CRM to a database, and check the result.",
    discussion: """
      Starts an embedded Kafka broker, a sandbox that plays the CRM, the receiver and the \
      consumer. The sandbox changes records and sends correctly signed webhooks over HTTP, with \
      duplicates, out of order, and one body that nobody can read; its API answers slowly, now \
      and then with 429 or 503. At the end the database is compared with the sandbox. Exits 0 \
      only when nothing was lost, nothing was applied twice and no record differs.
      """)

  @OptionGroup var options: DemoOptions

  func validate() throws { try options.check() }

  func run() async throws {
    let verdict = try await DemoRun(options, terminal: .current).run()
    if !verdict.isSuccess { throw ExitCode.failure }
  }
}

struct DemoOptions: ParsableArguments {
  @Option(help: "Records in the CRM.")
  var records = 60

  @Option(help: "Changes made to them; few records get most of them.")
  var changes = 600

  @Option(help: "Changes a second.")
  var rate = 150

  @Option(help: "Repeats the same changes and faults.")
  var seed: UInt64 = 1

  @Option(help: "Percent of events that are sent twice.")
  var duplicates = 8

  @Option(help: "How many places events may overtake each other by.")
  var shuffle = 12

  @Option(help: "Bodies that are signed correctly and mean nothing.")
  var poison = 1

  @Option(help: "Milliseconds that the API takes to answer; half of it again is jitter.")
  var latencyMs = 12

  @Option(help: "Percent of API calls answered 429 with Retry-After.")
  var throttled = 1

  @Option(help: "Percent of API calls answered 503.")
  var errors = 3

  @Option(help: "Give up after so many seconds.")
  var timeoutS = 120

  @Option(help: "A directory for the database, the configuration and the log; kept.")
  var keep: String?

  func check() throws {
    let ranges: [(String, Int, ClosedRange<Int>)] = [
      ("--records", records, 1...100_000), ("--changes", changes, 1...1_000_000),
      ("--rate", rate, 1...100_000), ("--duplicates", duplicates, 0...100),
      ("--shuffle", shuffle, 0...1000), ("--poison", poison, 0...1000),
      ("--latency-ms", latencyMs, 0...10_000), ("--throttled", throttled, 0...90),
      ("--errors", errors, 0...90), ("--timeout-s", timeoutS, 5...3600),
    ]
    for (name, value, range) in ranges where !range.contains(value) {
      throw ValidationError("\(name) \(value): give \(range.lowerBound) to \(range.upperBound)")
    }
  }
}
