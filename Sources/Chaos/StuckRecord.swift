// One record that the API has no answer for, and many behind it that are done.

package import Sandbox

/// Kills a member with one open offset at the head of a long row of finished ones. What was done
/// must not be done again, but for the last commit interval's share and what was under way.
package struct StuckRecord: ChaosCase {
  package static let name = "stuck-record"
  /// Finished behind the one.
  package var recordCount: Int

  package init(recordCount: Int = 50_000) { self.recordCount = recordCount }

  package var partitions: Int32 { 1 }

  package var faults: SandboxFaults {
    var faults = SandboxFaults()
    faults.stuckIds = ["1"]
    return faults
  }

  private static let stepMsMax = 180_000

  package func play(_ stage: inout CaseStage) async throws {
    stage.settings.inFlightMax = 64
    stage.settings.windowRecordsMax = 4 * recordCount
    stage.settings.windowBytesMax = 1 << 30
    try stage.rig.write(stage.settings)
    for id in 1...(recordCount + 1) { try stage.change(id, "person-\(id)@example.com") }
    guard await stage.feed.flush(withinMs: 60_000) else {
      return stage.expect(false, .progress, "not all events were stored")
    }
    try await stage.troupe.perform(.join, slot: 0)
    _ = await stage.awaitApplied(1, withinMs: Self.stepMsMax)
    let start = ContinuousClock.now
    guard await stage.awaitApplied(recordCount, withinMs: Self.stepMsMax) else {
      let text = "\(stage.eventsApplied()) of \(recordCount) were done behind the stuck one"
      return stage.expect(false, .progress, text)
    }
    let took = ContinuousClock.now - start
    try await stage.troupe.perform(.kill, slot: 0)
    let before = stage.rig.sandbox.reads.ids
    stage.rig.sandbox.setFaults(SandboxFaults())
    try await stage.troupe.perform(.join, slot: 0)
    stage.differences += await stage.books.settle(withinMs: Int64(Self.stepMsMax))

    let again = stage.rig.sandbox.reads.ids - before
    let ms = max(
      1, took.components.seconds * 1000 + took.components.attoseconds / 1_000_000_000_000_000)
    // An interval has its end only when the commit is acknowledged: twice its length.
    let most =
      recordCount * 2 * stage.settings.commitIntervalMs / Int(ms) + stage.settings.inFlightMax + 100
    stage.note("done", recordCount)
    stage.note("a second", recordCount * 1000 / Int(ms))
    stage.note("read again", again)
    stage.note("allowed", most)
    stage.expect(again <= most, .once, "\(again) records were read again, at most \(most) may be")
  }
}
