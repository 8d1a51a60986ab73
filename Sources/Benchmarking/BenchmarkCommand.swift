// The measurements by name, each a command of `hookferry-bench`.

package import ArgumentParser

package struct BenchmarkCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "hookferry-bench", abstract: "Measures single parts of hookferry.",
    subcommands: [
      HTTPCase.self, ServeCase.self, FillCase.self, EngineCase.self, CallsCase.self,
      WindowCase.self, LatencyCase.self,
    ])

  package init() {}
}

struct HTTPCase: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "http", abstract: "GETs through TransferLoop: CPU us a request, requests/s.")

  @Argument var url: String
  @Argument var inFlight: Int
  @Argument var count: Int

  func run() throws { try HTTPBenchmark(url: url, inFlight: inFlight, count: count).report() }
}

struct ServeCase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve", abstract: "An API with one answer; prints its port first.")

  @Option var latencyMs: Int64 = 0

  func run() async throws { try await FixedAPI(latencyMs: latencyMs).serve() }
}

struct FillCase: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fill", abstract: "Fills the events topic of a broker.")

  @Argument(help: "host:port") var servers: String
  @Option var count: Int = 1_000_000
  @Option var keys: Int = 100_000
  @Option(help: "Of Zipf's law; 0 makes all keys equal.") var exponent: Double = 1
  @Option var valueBytes: Int = 300

  func run() throws {
    var backlog = Backlog(servers: servers, count: count, keys: keys, exponent: exponent)
    backlog.valueBytes = valueBytes
    try backlog.fill()
  }
}

struct EngineCase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "Consumes a backlog with an empty step, or fetching each record.")

  @Argument(help: "host:port") var servers: String
  @Option var count: Int = 1_000_000
  @Option var name: String = "engine"
  @Option(help: "http://host:port of an API that each record is fetched from.") var url: String?
  @Option(help: "Calls at a time.") var slots: Int = 64

  func run() async throws {
    var benchmark = EngineBenchmark(servers: servers, count: count)
    benchmark.url = url
    benchmark.slots = slots
    try await benchmark.report(name)
  }
}

struct CallsCase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "calls", abstract: "Enriches a backlog without writing it anywhere.")

  @Argument(help: "host:port") var servers: String
  @Argument(help: "http://host:port of the API.") var url: String
  @Option var slots: Int = 1000
  @Option var seconds: Double = 5
  @Option var name: String = "calls"

  func run() async throws {
    try await CallsBenchmark(servers: servers, url: url, slots: slots, seconds: seconds)
      .report(name)
  }
}

struct WindowCase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "window", abstract: "Fills the window and says what memory it takes.")

  @Argument(help: "host:port") var servers: String
  @Argument(help: "http://host:port of an API that takes long.") var url: String
  @Option var records: Int = 100_000
  @Option var name: String = "window"

  func run() async throws {
    try await WindowBenchmark(servers: servers, url: url, records: records).report(name)
  }
}

struct LatencyCase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency", abstract: "From a webhook's intended time to the commit of its row.")

  @Argument(help: "host:port") var servers: String
  @Argument(help: "http://host:port of the API.") var url: String
  @Option var perSecond: Int = 1000
  @Option var seconds: Int = 15
  @Option var name: String = "latency"

  func run() async throws {
    try await LatencyBenchmark(servers: servers, url: url, perSecond: perSecond, seconds: seconds)
      .report(name)
  }
}
