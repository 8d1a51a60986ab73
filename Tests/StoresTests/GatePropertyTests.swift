// Random writes against a model that is too simple to be wrong.

import Model
import Stores
import Testing

/// The rules of the store over plain dictionaries.
private struct NaiveStore {
  struct Entry: Equatable {
    var version: Int64
    var seq: Int64
    var payload: [UInt8]?
  }
  var entries: [RecordKey: Entry] = [:]
  var known: Set<String> = []
  var log: [String] = []

  mutating func apply(_ write: RecordWrite) -> Outcome {
    let isKnown = known.isSuperset(of: [write.eventId] + write.alsoEventIds)
    if isKnown, write.carriesEvent { return .duplicate }
    known.formUnion([write.eventId] + write.alsoEventIds)
    let outcome = change(write)
    return outcome == .superseded && isKnown ? .duplicate : outcome
  }

  private mutating func change(_ write: RecordWrite) -> Outcome {
    let old = entries[write.key]
    switch write.change {
    case .delete:
      if let old, old.payload == nil {
        if write.observedAtUs > old.seq {
          entries[write.key] = Entry(
            version: max(old.version, write.version), seq: write.observedAtUs, payload: nil)
        }
        return .superseded
      }
      if let old, write.observedAtUs < old.seq { return .superseded }
      entries[write.key] = Entry(
        version: max(old?.version ?? write.version, write.version), seq: write.observedAtUs,
        payload: nil)
      log.append(write.eventId)
      return .gone
    case .upsert(let payload):
      let new = Entry(version: write.version, seq: write.observedAtUs, payload: payload)
      guard let old else {
        entries[write.key] = new
        log.append(write.eventId)
        return .written
      }
      let isNewer =
        new.version > old.version || (new.version == old.version && new.seq > old.seq)
      if !isNewer || (old.payload == nil && new.seq <= old.seq) { return .superseded }
      entries[write.key] = new
      if old.payload == payload { return .superseded }
      log.append(write.eventId)
      return .written
    }
  }
}

@Suite struct GatePropertyTests {
  @Test(arguments: Backend.allCases, 1...40 as ClosedRange<UInt64>)
  func randomWrites(_ backend: Backend, _ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let rig = try StoreRig(backend)
    // Two connections take turns: nothing may depend on what one of them remembers.
    let stores = [rig.store, try rig.openStore()]
    var model = NaiveStore()
    var remaining = 150
    while remaining > 0 {
      let batch = try (0..<Int.random(in: 1...12, using: &random)).map { _ in
        try randomWrite(&random)
      }
      remaining -= batch.count
      let expected = batch.map { model.apply($0) }
      let store = stores[Int.random(in: 0...1, using: &random)]
      #expect(outcomes(store.apply(batch)) == expected, "\(backend), seed \(seed)")
    }
    var seen: [RecordKey: NaiveStore.Entry] = [:]
    try rig.reader.forEachRecord { record in
      seen[record.key] = NaiveStore.Entry(
        version: record.version, seq: record.observedAtUs, payload: record.payload)
      #expect(record.isDeleted == (record.payload == nil), "\(backend), seed \(seed)")
    }
    #expect(seen == model.entries, "\(backend), seed \(seed)")
    #expect(try rig.reader.writeLog().map(\.eventId) == model.log, "\(backend), seed \(seed)")
    #expect(try rig.reader.counts().inbox == model.known.count, "\(backend), seed \(seed)")
  }

  private func randomWrite(_ random: inout SplitMix64) throws -> RecordWrite {
    func event() -> String { "e\(Int.random(in: 0..<120, using: &random))" }
    let isDelete = Int.random(in: 0..<5, using: &random) == 0
    var write = try write(
      event(), "\(Int.random(in: 0..<4, using: &random))",
      version: Int64.random(in: 0..<12, using: &random),
      seq: Int64.random(in: 0..<30, using: &random),
      isDelete ? nil : "p\(Int.random(in: 0..<4, using: &random))")
    write.carriesEvent = Int.random(in: 0..<8, using: &random) == 0
    if Int.random(in: 0..<6, using: &random) == 0 {
      write.alsoEventIds = (0..<Int.random(in: 1...3, using: &random)).map { _ in event() }
    }
    return write
  }
}
