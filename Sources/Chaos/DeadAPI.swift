// An API that is away for a long time, and comes back with a limit on its requests.

package import Sandbox

/// While the API answers nobody, members call it rarely, bury nothing and keep their partitions;
/// when it is back the backlog goes without a single 429.
package struct DeadAPI: ChaosCase {
  package static let name = "dead-api"
  package var seconds: Int
  package var recordCount = 300
  package var eventCount = 3000
  /// Requests allowed in 10 s, as the API says in its answers.
  package var rateMax = 100

  package init(seconds: Int = 60) { self.seconds = seconds }

  package var partitions: Int32 { 4 }

  package var faults: SandboxFaults {
    var faults = SandboxFaults()
    faults.latencyMs = 5
    faults.rateMax = rateMax
    faults.isRateEnforced = true
    return faults
  }

  /// Calls that nobody answers: those under way at first, then a few probes a second.
  private var callsMax: Int { 2 * 16 + 5 * seconds }

  package func play(_ stage: inout CaseStage) async throws {
    stage.settings.sessionTimeoutMs = 6000
    stage.settings.maxPollIntervalMs = 60_000
    stage.settings.retryMaxMs = 1000
    // As in earnest: an outage must not use them up.
    stage.settings.retryAttemptsMax = 12
    try stage.rig.write(stage.settings)
    for id in 1...20 { try stage.change(id, "before") }
    try await stage.troupe.perform(.join, slot: 0)
    let member = stage.troupe.running.first
    stage.differences += await stage.books.settle(withinMs: 30_000)

    var dead = faults
    dead.deadForMs = Int64(seconds) * 1000
    stage.rig.sandbox.setFaults(dead)
    let start = ContinuousClock.now
    for number in 0..<eventCount {
      try stage.change(1 + number % recordCount, "\(number)")
      let dueMs = number * seconds * 800 / eventCount
      if number % 50 == 0 {
        try? await Task.sleep(until: start + .milliseconds(dueMs), clock: .continuous)
      }
    }
    try? await Task.sleep(until: start + .seconds(seconds), clock: .continuous)
    let back = ContinuousClock.now
    stage.differences += await stage.books.settle(withinMs: 120_000)
    let drained = (ContinuousClock.now - back).components

    let reads = stage.rig.sandbox.reads
    stage.note("events", eventCount)
    stage.note("calls meanwhile", reads.dropped)
    stage.note("calls", reads.singles + reads.batchCalls)
    stage.note("429s", reads.throttled)
    stage.note("drained in", "\(drained.seconds) s")
    stage.expect(
      reads.dropped <= callsMax, .progress,
      "\(reads.dropped) calls went to the dead API, at most \(callsMax) may")
    stage.expect(reads.throttled == 0, .progress, "\(reads.throttled) calls were above the limit")
    for text in ["partitions revoked", "partitions lost"] {
      let lines = member?.lines(containing: text) ?? []
      stage.expect(lines.isEmpty, .progress, "the group did not stay as it was: \(lines)")
    }
    let assignments = member?.lines(containing: "partitions assigned").count ?? 0
    stage.expect(assignments == 1, .progress, "\(assignments) assignments, not one")
  }
}
