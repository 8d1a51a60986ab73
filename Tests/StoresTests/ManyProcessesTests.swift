// Three consumers on one host share one file.

import Foundation
import Model
import Stores
import Testing

@Suite struct ManyProcessesTests {
  /// Each of three processes opens the fresh file at once and applies the same 200 events over 20
  /// records, in an order of its own and in batches of 7.
  @Test func threeProcessesApplyEachEventOnce() async throws {
    let scratch = try Scratch()
    let path = scratch.path
    async let first = #expect(processExitsWith: .success) { [path = path as String] in
      try applyShuffled(path, seed: 1)
    }
    async let second = #expect(processExitsWith: .success) { [path = path as String] in
      try applyShuffled(path, seed: 2)
    }
    async let third = #expect(processExitsWith: .success) { [path = path as String] in
      try applyShuffled(path, seed: 3)
    }
    _ = await (first, second, third)

    let reader = try StoreReader(path: path)
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
private func applyShuffled(_ path: String, seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let store = try SQLiteStore(path: path, busyTimeoutMs: 20_000)
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
