// The books of one scenario while it runs, and their closing.

import Kafka
import Sandbox

/// Audits from its making on. One task.
struct Books {
  private let rig: ChaosRig
  private let feed: EventFeed
  private let auditor: Auditor
  private let audit: Task<Auditor.Findings, any Error>

  init(_ rig: ChaosRig, _ feed: EventFeed) {
    self.rig = rig
    self.feed = feed
    auditor = Auditor(
      bootstrapServers: rig.cluster.bootstrapServers, partitions: rig.partitions,
      databasePath: rig.databasePath)
    audit = auditor.start()
  }

  /// Waits until everything that was sent is stored and committed; what is left of it after a
  /// while is a finding.
  func settle(withinMs: Int64) async -> [Difference] {
    guard await feed.flush(withinMs: 15_000), feed.failures.isEmpty else {
      return [Difference(.progress, "not all events were stored: \(feed.failures.prefix(3))")]
    }
    let deadline = ContinuousClock.now + .milliseconds(withinMs)
    var last = Auditor.Round()
    for await round in auditor.rounds {
      // An older round can have found its own, earlier ends.
      if round.isSettled, round.ends.events.reduce(0, +) >= feed.stored { return [] }
      last = round
      if ContinuousClock.now >= deadline { break }
    }
    return [
      Difference(
        .progress,
        "after \(withinMs / 1000) s without faults, committed is \(last.committed.events) of "
          + "\(last.ends.events), of the retries \(last.committed.retries) of "
          + "\(last.ends.retries)\(last.error.map { ": \($0)" } ?? "")")
    ]
  }

  /// Ends the audit and adds everything up; the members must have ended.
  func close(
    hasFreshAnswers: Bool = true
  ) async throws -> (findings: Auditor.Findings, differences: [Difference]) {
    auditor.stop()
    let findings = try await audit.value
    let balance = Balance(
      entries: findings.entries, letters: findings.letters, store: findings.contents,
      truth: rig.sandbox.allRecords(), states: feed.states, hasFreshAnswers: hasFreshAnswers)
    var differences = findings.differences + balance.differences()
    let missing = feed.acknowledgedIds.subtracting(findings.entries.map(\.id))
    if !missing.isEmpty {
      // Only a broker can do this.
      let text = "\(missing.count) acknowledged events are not in the topic: \(missing.prefix(3))"
      differences.append(Difference(.progress, text))
    }
    return (findings, differences)
  }

  /// Ends the audit without a look at it.
  func abandon() { auditor.stop() }
}
