// Many events of few records at one time.

import Model
package import Sandbox

/// A bulk update: most of its events tell of states that a later one replaces. Nearly every record
/// is to be read once, and a hundred of them with one call.
package struct Burst: ChaosCase {
  package static let name = "burst"
  package var eventCount: Int
  package var recordCount: Int
  package var seed: UInt64 = 1

  package init(eventCount: Int = 100_000, recordCount: Int = 5000) {
    self.eventCount = eventCount
    self.recordCount = recordCount
  }

  package var partitions: Int32 { 8 }

  package var faults: SandboxFaults {
    var faults = SandboxFaults()
    faults.latencyMs = 50
    return faults
  }

  private static let readsPerRecordMax = 1.2
  private var callsMax: Int { max(1, recordCount / 25) }

  package func play(_ stage: inout CaseStage) async throws {
    stage.settings.inFlightMax = 2000
    stage.settings.windowRecordsMax = 2 * eventCount
    stage.settings.windowBytesMax = 1 << 30
    try stage.rig.write(stage.settings)
    var random = SplitMix64(seed: seed)
    for number in 0..<eventCount {
      let id =
        number < recordCount ? number + 1 : Int.random(in: 1...recordCount, using: &random)
      try stage.change(id, "\(number)")
    }
    guard await stage.feed.flush(withinMs: 60_000) else {
      return stage.expect(false, .progress, "not all events were stored")
    }
    let start = ContinuousClock.now
    try await stage.troupe.perform(.join, slot: 0)
    stage.differences += await stage.books.settle(withinMs: 180_000)
    let took = (ContinuousClock.now - start).components

    let reads = stage.rig.sandbox.reads
    let calls = reads.singles + reads.batchCalls
    let readsMax = Int(Double(recordCount) * Self.readsPerRecordMax)
    stage.note("events", eventCount)
    stage.note("records", recordCount)
    stage.note("reads", reads.ids)
    stage.note("calls", calls)
    stage.note("from start to committed", "\(took.seconds) s")
    stage.expect(reads.ids <= readsMax, .progress, "\(reads.ids) reads, at most \(readsMax) may be")
    stage.expect(calls <= callsMax, .progress, "\(calls) calls, at most \(callsMax) may be")
  }
}
