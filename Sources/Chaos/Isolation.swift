// One scenario in a process of its own.

import FoundationEssentials
import Glibc

/// Runs seeds by starting `hookferry-chaos` for each. librdkafka's mock brokers end their process
/// with a failed assertion when a member asks to join while they still owe it an answer, as real
/// ones need not; that says nothing of the consumer, so the seed is played again.
package enum Isolation {
  package struct End: Sendable {
    /// What the scenario printed.
    package let text: String
    package let hasPassed: Bool
  }

  private static let attemptsMax = 6
  /// From this attempt on members join less often: nearly always it is cooperative-sticky, with its
  /// two joins a rebalance, that the mock cannot take.
  private static let eagerAttempt = 3
  private static let scenarioMsMax = 150_000

  package static func run(_ seed: UInt64) async throws -> End {
    let directory = FileManager.default.temporaryDirectory
      .appending(path: "hookferry-chaos-run-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    var last = ""
    for attempt in 1...attemptsMax {
      let path = directory.appending(path: "\(attempt)").path
      let process = try Member(
        program: Member.programs + "/hookferry-chaos",
        arguments: ["--seeds", "\(seed)", "--in-process"]
          + (attempt < eagerAttempt ? [] : ["--eager"]),
        environment: ["SWIFT_BACKTRACE": "enable=no"], logPath: path, leadsGroup: true)
      let status = await process.exitStatus(withinMs: scenarioMsMax)
      // Its members are in its group, and would outlive it.
      kill(-process.processId, SIGKILL)
      await process.end()
      last = String(decoding: (try? Data(contentsOf: URL(filePath: path))) ?? Data(), as: UTF8.self)
      let isMock = last.contains("rdkafka_mock") && last.contains("Assertion")
      if !isMock { return End(text: scenario(last, status), hasPassed: status == 0) }
    }
    return End(
      text: "seed \(seed) could not be run: the mock brokers gave up \(attemptsMax) times\n\(last)",
      hasPassed: false)
  }

  /// Without the summary, which is about this one seed.
  private static func scenario(_ text: String, _ status: Int32?) -> String {
    let lines = text.split(separator: "\n").filter { !$0.contains(" passed, ") }
    let end = status == nil ? ["the scenario did not end in \(scenarioMsMax / 1000) s"] : []
    return (lines.map(String.init) + end).joined(separator: "\n")
  }
}
