// Three consumers share one database.

import Foundation
import Model
import Stores
import Testing

@Suite struct ManyProcessesTests {
  /// Each of three processes opens the fresh database at once and applies the same 200 events over 20
  /// records, in an order of its own and in batches of 7.
  @Test(arguments: Backend.allCases)
  func threeProcessesApplyEachEventOnce(_ backend: Backend) async throws {
    let rig = try StoreRig(backend, isFresh: true)
    let place = rig.place
    async let first = #expect(processExitsWith: .success) { [place = place as String] in
      try applyShuffled(place, seed: 1)
    }
    async let second = #expect(processExitsWith: .success) { [place = place as String] in
      try applyShuffled(place, seed: 2)
    }
    async let third = #expect(processExitsWith: .success) { [place = place as String] in
      try applyShuffled(place, seed: 3)
    }
    _ = await (first, second, third)

    let reader = try rig.openReader()
    let counts = try reader.counts()
    #expect(counts.live == 20)
    #expect(counts.inbox == 200)
    let log = try reader.writeLog()
    #expect(Set(log.map(\.eventId)).count == log.count, "an event took effect twice")
    for id in 0..<20 {
      let record = try #require(try reader.record(key("\(id)")))
      #expect(record.version == Int64(180 + id))
      #expect(record.payload == Array("v\(180 + id)".utf8))
      let versions = log.filter { $0.key == record.key }.map(\.version)
      #expect(versions == versions.sorted(), "an older state overwrote a newer one")
    }
  }
}

/// Event n is version n of record n % 20.
private func applyShuffled(_ place: String, seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let store = try StoreRig.openStore(at: place)
  var numbers = Array(0..<200)
  numbers.shuffle(using: &random)
  while !numbers.isEmpty {
    let batch = numbers.prefix(7)
    numbers.removeFirst(batch.count)
    let writes = try batch.map { number in
      try write(
        "e\(number)", "\(number % 20)", version: Int64(number), seq: Int64(number), "v\(number)")
    }
    for case .failure(let failure) in store.apply(writes) {
      throw failure
    }
  }
  store.close()
}
