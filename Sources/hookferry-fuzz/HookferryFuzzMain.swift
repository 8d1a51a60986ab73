// The fuzzer's long form; everything is in Fuzzing.
import ArgumentParser
import Fuzzing

@main
struct HookferryFuzzMain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hookferry-fuzz", abstract: "Feeds the receiver's parts with inputs nobody sent.")

  @Option(help: "How many, over all targets.")
  var inputs = 5_000_000

  @Option(help: "The same seed makes the same inputs.")
  var seed = UInt64.random(in: 1...999_999_999)

  @Option(help: "request, splitter, verifier or headers.")
  var target: String?

  @Option(help: "Directory with inputs of earlier findings.")
  var corpus = "Tests/FuzzTests/Corpus"

  @Option(help: "Only the input with this number.")
  var number: Int?

  @Option(help: "Only this input.")
  var hex: String?

  func run() throws {
    let program = FuzzProgram(inputs: inputs, seed: seed, target: target, corpus: corpus)
    let isReplay = number != nil || hex != nil
    let status = try isReplay ? program.replay(number: number, hex: hex) : program.run()
    if status != 0 { throw ExitCode(status) }
  }
}
