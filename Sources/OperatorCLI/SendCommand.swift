// Test events: signed as the provider would, sent to the receiver, answers counted.
import ArgumentParser
import HTTPClient
import Providers
import Settings
import Signatures
import Telemetry

struct SendCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "send",
    abstract: "Send signed test events of a source to its receiver.",
    discussion: """
      The events are the samples of the source's provider (hookferry providers NAME shows them), \
      signed with the source's first secret. They are real to the receiver and to what follows \
      it. Exits 0 only when every answer was the one expected: success, or 401 with --tamper.
      """)

  @Argument(help: "The source's name.")
  var source: String

  @OptionGroup var file: ConfigOption
  @OptionGroup var output: OutputOption

  @Option(help: "One of the provider's samples; all in turn unless given.")
  var event: String?

  @Option(help: "How many events.")
  var count = 1

  @Option(help: "Requests a second; 0 means as fast as the answers come.")
  var rate = 0.0

  @Option(help: "The share of events that are sent twice, 0 to 1.")
  var duplicates = 0.0

  @Flag(help: "Send them in a random order.")
  var shuffle = false

  @Flag(
    help: "Change a byte of each request after signing, or the secret it repeats; expect 401.")
  var tamper = false

  @Option(help: "Makes a run repeatable: order, records, ids. Random unless given.")
  var seed: UInt64?

  @Option(help: "The receiver; the configuration's own port on this machine unless given.")
  var url: String?

  @Option(help: "A CA bundle for https, instead of the system's.")
  var caFile: String?

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count is 1 to 1000000") }
    guard (0...1).contains(duplicates) else { throw ValidationError("--duplicates is 0 to 1") }
    guard (0...100_000).contains(rate) else { throw ValidationError("--rate is 0 to 100000") }
  }

  func run() async throws {
    let configuration = try Loaded.configuration(file.config, scope: .receiver)
    let seed = seed ?? UInt64.random(in: 1...999_999_999)
    let run = try Self.plan(
      configuration, source: source, event: event, url: url, seed: seed,
      plan: SendPlan(count: count, duplicates: duplicates, isShuffled: shuffle, seed: seed),
      rate: rate, isTampered: tamper)
    let session = try HTTPSession(HTTPLimits(caFile: caFile))
    let report: SendReport
    do { report = try await run.run(session) } catch {
      await session.close()
      throw error
    }
    await session.close()
    show(report, seed: seed)
    if report.unexpected > 0 { throw ExitCode.failure }
  }

  /// Everything that can be wrong before the first request.
  static func plan(
    _ configuration: Configuration, source name: String, event: String? = nil, url: String? = nil,
    seed: UInt64, plan: SendPlan, rate: Double = 0, isTampered: Bool = false
  ) throws -> SendRun {
    guard let source = configuration.sources[name] else {
      throw CommandError(
        "no source is named \(name)",
        remedy: "known are \(configuration.sources.keys.sorted().joined(separator: ", "))")
    }
    let settings =
      try configuration.providers[source.provider]
      ?? ProviderSettings.builtIn(source.provider)
    var samples = settings?.samples ?? []
    if let event {
      samples = samples.filter { $0.name == event }
      guard !samples.isEmpty else {
        let known = (settings?.samples ?? []).map(\.name).joined(separator: ", ")
        throw CommandError(
          "provider \(source.provider) has no sample named \(event)", remedy: "known are \(known)")
      }
    }
    let provider = try Self.provider(source, configuration)
    let proof = try SampleProof(
      source, provider, url: Self.address(configuration.receiver, url) + "/hooks/" + name)
    samples = samples.isEmpty ? [SampleRenderer.plain] : samples
    samples = samples.filter(proof.fits)
    guard !samples.isEmpty else {
      throw CommandError(
        "no sample of source \(name) is what its schemes are for",
        remedy: "name another scheme or event, or give providers.\(source.provider) samples")
    }
    let renderer = SampleRenderer(
      samples: samples, secret: "", seed: seed, startMs: SystemClock.wallMs)
    let run = SendRun(
      provider: provider, renderer: renderer, proof: proof, plan: plan, rate: rate,
      isTampered: isTampered, seed: seed)
    // Once for the error that it may bring: requests are made as they are due.
    _ = try run.request(0)
    return run
  }

  private static func provider(
    _ source: SourceSettings, _ configuration: Configuration
  ) throws -> Provider {
    guard source.provider == "hmac", let signature = source.signature else {
      return try Provider.named(source.provider, own: configuration.providers)
    }
    return try Provider.generic(name: "hmac", schemes: [try Scheme(signature)])
  }

  private static func address(_ receiver: ReceiverSettings, _ url: String?) -> String {
    if let url { return url.hasSuffix("/") ? String(url.dropLast()) : url }
    let isAny = ["0.0.0.0", "::"].contains(receiver.listenAddress)
    let host = isAny ? "127.0.0.1" : receiver.listenAddress
    let scheme = receiver.edge.tls == nil ? "http" : "https"
    return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(receiver.port)"
  }

  private func show(_ report: SendReport, seed: UInt64) {
    if output.json { return Loaded.printJSON(report) }
    func tenths(_ ms: Double) -> String { String((ms * 10).rounded() / 10) }
    let answers = report.answers.sorted { $0.key < $1.key }.map { "\($0.value)× \($0.key)" }
    let terminal = Terminal.current
    terminal.line(
      "sent \(report.sent), accepted \(report.accepted), refused \(report.refused), "
        + "unanswered \(report.failed) (\(answers.joined(separator: ", ")))")
    terminal.line(
      "p50 \(tenths(report.percentileMs(0.5))) ms, p99 \(tenths(report.percentileMs(0.99))) ms, "
        + "seed \(seed)")
    if report.unexpected > 0 {
      terminal.line(
        terminal.paint("\(report.unexpected) answers were not the one expected", .red))
    }
  }
}
