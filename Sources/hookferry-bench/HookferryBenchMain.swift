// Measurements of single parts; everything is in Benchmarking.
import ArgumentParser
import Benchmarking

@main
struct HookferryBenchMain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hookferry-bench", abstract: "Measures single parts of hookferry.",
    subcommands: [HTTPCase.self])
}

struct HTTPCase: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "http", abstract: "GETs through TransferLoop: CPU us a request, requests/s.")

  @Argument var url: String
  @Argument var inFlight: Int
  @Argument var count: Int

  func run() throws { try HTTPBenchmark(url: url, inFlight: inFlight, count: count).report() }
}
