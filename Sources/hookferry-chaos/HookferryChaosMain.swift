// The chaos suite's long form; everything is in Chaos.
import ArgumentParser
import Chaos

@main
struct HookferryChaosMain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hookferry-chaos",
    abstract: "Runs consumers through faults that a seed decides, and does the books.")

  @Option(help: "Which, as \"1 2 3\" or 1-200.")
  var seeds = "1-200"

  @Option(help: "Scenarios at one time.") var parallel = 5

  @Option(name: .customLong("case"), help: "Instead: stuck-record, dead-api or burst.")
  var caseName: String?

  @Flag(help: "Play the first seed in this process, as the program does for each of them.")
  var inProcess = false

  @Flag(help: "With --in-process: assignment by range, whatever the plan says.")
  var eager = false

  func run() async throws {
    if let caseName {
      let status = await ChaosProgram.runCase(caseName)
      if status != 0 { throw ExitCode(status) }
      return
    }
    guard let seeds = ChaosProgram.seeds(seeds), !seeds.isEmpty else {
      throw ValidationError("--seeds takes numbers and ranges, as \"1 2 3\" or 1-200")
    }
    let status =
      inProcess
      ? await ChaosProgram.runInProcess(seeds[0], isEager: eager)
      : await ChaosProgram(seeds: seeds, parallel: parallel).run()
    if status != 0 { throw ExitCode(status) }
  }
}
