// A short run of the fuzzer in every test run, always the same; `make fuzz` is the long one and
// tries what nobody has seen.
import Fuzzing
import Testing

@Suite struct FuzzTests {
  static let corpus =
    "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Corpus"

  @Test(arguments: [("request", 6000), ("splitter", 6000), ("verifier", 6000), ("headers", 10000)])
  func holds(name: String, inputs: Int) throws {
    let seed: UInt64 = 2026
    print("fuzz \(name): seed \(seed), \(inputs) inputs")
    let target = try #require(try FuzzRun.targets().first { type(of: $0).name == name })
    let run = FuzzRun(target, files: FuzzCorpus.files(Self.corpus, name))
    if let finding = run.checkCorpus() ?? run.run(seed: seed, numbers: 0..<inputs) {
      Issue.record("\(finding)")
    }
  }

  @Test func everyTargetHasACorpus() throws {
    for target in try FuzzRun.targets() {
      #expect(!FuzzCorpus.files(Self.corpus, type(of: target).name).isEmpty)
    }
  }
}
