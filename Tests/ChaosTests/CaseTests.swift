// The written-out cases in a short form; `make chaos CASE=...` is the long one.
import Chaos
import Foundation
import Testing

/// They ask more of the consumer than it can do yet, so they wait for HOOKFERRY_CHAOS_CASES.
@Suite(
  .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["HOOKFERRY_CHAOS_CASES"] != nil))
struct CaseTests {
  @Test(.timeLimit(.minutes(4)))
  func whatIsDoneBehindAStuckRecordIsNotDoneAgain() async throws {
    let report = try await CaseStage.run(StuckRecord(recordCount: 20_000))
    print(report.text)
    #expect(report.hasPassed, "\(report.text)")
  }

  @Test(.timeLimit(.minutes(4)))
  func aDeadAPICostsNothingButTime() async throws {
    let report = try await CaseStage.run(DeadAPI(seconds: 6))
    print(report.text)
    #expect(report.hasPassed, "\(report.text)")
  }

  @Test(.timeLimit(.minutes(4)))
  func aBurstIsReadOnce() async throws {
    let report = try await CaseStage.run(Burst())
    print(report.text)
    #expect(report.hasPassed, "\(report.text)")
  }
}
