// The demo as a person runs it: what it prints and how it ends.
import Foundation
import Testing

@Suite(.serialized) struct DemoTests {
  @Test(.timeLimit(.minutes(1)))
  func theLastLinesStateWhatHappened() async throws {
    let demo = try Program(
      "hookferry", ["demo", "--records", "20", "--changes", "150", "--seed", "5"],
      environment: ["NO_COLOR": "1"])
    #expect(await demo.exitStatus() == 0, "\(demo.printed)")
    for await _ in demo.lines {}
    var numbers: [String: Int] = [:]
    for line in demo.printed.suffix(12) {
      let parts = line.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, let value = parts[1].split(separator: " ").first else { continue }
      numbers[parts[0].trimmingCharacters(in: .whitespaces)] = Int(value)
    }
    let accepted = try #require(numbers["accepted"])
    #expect(accepted > 150)
    #expect(numbers["events sent"] == accepted)
    let ends = ["written", "superseded", "duplicates dropped", "dead-lettered"]
    #expect(ends.compactMap { numbers[$0] }.reduce(0, +) == accepted, "every event has one end")
    #expect(numbers["duplicates dropped"] ?? 0 > 0)
    #expect(numbers["dead-lettered"] == 1)
    for name in ["lost", "applied twice", "mismatches"] { #expect(numbers[name] == 0, "\(name)") }
    #expect(demo.printed.last?.contains("mismatches = 0") == true)
  }

  @Test(.timeLimit(.minutes(1)))
  func whatIsNotDoneInTimeIsCountedAsLost() async throws {
    let demo = try Program(
      "hookferry",
      ["demo", "--records", "5", "--changes", "400", "--latency-ms", "2000", "--timeout-s", "5"])
    #expect(await demo.exitStatus() == 1)
    for await _ in demo.lines {}
    #expect(demo.printed.contains { $0.contains("FAILED") }, "\(demo.printed.suffix(5))")
  }

  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      (["hookferry-receiver"], "RIG_NO_SUCH_SECRET"), (["hookferry-consumer"], "sources"),
    ])
  func aBadConfigurationStopsTheStart(program: [String], word: String) async throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      "hookferry.yaml",
      """
      kafka:
        bootstrap_servers: "127.0.0.1:9"
      receiver:
        prot: 1
      sources:
        crm:
          provider: hubspot
          secrets: ["env:RIG_NO_SUCH_SECRET"]
          public_url: https://hooks.example.com/hooks/crm
      pipelines:
        p:
          from: sources-crm
          to: nowhere
      """)
    let started = try Program(program[0], ["--config", path])
    #expect(await started.exitStatus() == 78)
    for await _ in started.lines {}
    let text = started.printed.joined(separator: "\n")
    #expect(text.contains(word))
    #expect(text.contains("hookferry.yaml:4:3: receiver.prot: "), "\(text)")
    #expect(text.contains("port"), "the nearest known name")
  }
}
