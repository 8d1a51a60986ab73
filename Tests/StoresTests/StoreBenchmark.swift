// How fast writes go, by hand: HOOKFERRY_BENCH=1 swift test -c release -Xswiftc -enable-testing
// --filter StoreBenchmark

import Foundation
import Glibc
import Model
import Stores
import Testing

@Suite(.enabled(if: ProcessInfo.processInfo.environment["HOOKFERRY_BENCH"] != nil))
struct StoreBenchmark {
  private static let rows = 512 * 40

  /// New records, then newer states of them, then the same events again; 1 KB each.
  @Test(arguments: Backend.allCases) func batchesOf512(_ backend: Backend) throws {
    let rig = try StoreRig(backend)
    for (name, round) in [("insert", 1), ("update", 2), ("repeat", 2)] as [(String, Int64)] {
      let writes = try (0..<Self.rows).map { number in
        var write = try write(
          "event-\(round)-\(number)", "\(1_000_000 + number * 7919 % Self.rows)", version: round,
          seq: round, nil)
        write.change = .upsert(
          payload: [UInt8](repeating: UInt8(truncatingIfNeeded: number + Int(round)), count: 1024))
        return write
      }
      let (start, startCPU) = (ContinuousClock.now, Self.cpuUs)
      for first in stride(from: 0, to: writes.count, by: 512) {
        _ = rig.store.apply(Array(writes[first..<first + 512]))
      }
      let us = Double((ContinuousClock.now - start) / .microseconds(1))
      let cpu = Double(Self.cpuUs - startCPU) / Double(Self.rows)
      let rate = Int(Double(Self.rows) * 1e6 / us)
      Swift.print("\(backend) \(name): \(rate) rows/s, \(cpu) us of our CPU a row")
    }
  }

  private static var cpuUs: Int64 {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Int64(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1_000_000
      + Int64(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
  }
}
