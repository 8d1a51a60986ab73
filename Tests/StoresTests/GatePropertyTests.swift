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
    let isNew = known.insert(write.eventId).inserted
    let outcome = change(write)
    return outcome == .superseded && !isNew ? .duplicate : outcome
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
  @Test(arguments: 1...60 as ClosedRange<UInt64>) func randomWrites(_ seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let scratch = try Scratch()
    let store = try SQLiteStore(path: scratch.path, synchronous: .normal)
    var model = NaiveStore()
    var remaining = 150
    while remaining > 0 {
      let batch = try (0..<Int.random(in: 1...12, using: &random)).map { _ in
        let id = Int.random(in: 0..<4, using: &random)
        let isDelete = Int.random(in: 0..<5, using: &random) == 0
        return try write(
          "e\(Int.random(in: 0..<120, using: &random))", "\(id)",
          version: Int64.random(in: 0..<12, using: &random),
          seq: Int64.random(in: 0..<30, using: &random),
          isDelete ? nil : "p\(Int.random(in: 0..<4, using: &random))")
      }
      remaining -= batch.count
      let expected = batch.map { model.apply($0) }
      #expect(outcomes(store.apply(batch)) == expected, "seed \(seed)")
    }
    let reader = try StoreReader(path: scratch.path)
    var seen: [RecordKey: NaiveStore.Entry] = [:]
    try reader.forEachRecord { record in
      seen[record.key] = NaiveStore.Entry(
        version: record.version, seq: record.observedAtUs, payload: record.payload)
      #expect(record.isDeleted == (record.payload == nil), "seed \(seed)")
    }
    #expect(seen == model.entries, "seed \(seed)")
    #expect(try reader.writeLog().map(\.eventId) == model.log, "seed \(seed)")
    #expect(try reader.counts().inbox == model.known.count, "seed \(seed)")
  }
}
