// What a full window takes: records that were received and wait for an API that does not answer.

import ConsumerService
internal import Glibc
import Synchronization

/// Fills the consumer's window out of a backlog that `Backlog` has made.
package struct WindowBenchmark {
  package var servers: String
  package var url: String
  package var records: Int

  package init(servers: String, url: String, records: Int) {
    self.servers = servers
    self.url = url
    self.records = records
  }

  /// Prints the resident memory of this process, which has done nothing else.
  package func report(_ name: String) async throws {
    let received = Atomic<Int>(0)
    let (done, end) = AsyncStream<Void>.makeStream()
    var options = ConsumerRunOptions(servers: servers, apiURL: url, step: .withoutSink)
    options.windowRecordsMax = records
    let resident = Mutex(0)
    try await ConsumerRun.with(
      options,
      observe: { progress in
        guard case .received(let count) = progress,
          received.wrappingAdd(count, ordering: .relaxed).newValue >= records
        else { return }
        resident.withLock { $0 = max($0, Self.residentBytes) }
        end.yield()
      }, until: done)
    let bytes = resident.withLock { $0 }
    guard bytes > 0 else {
      throw BenchmarkError(description: "the backlog is smaller than the window")
    }
    BenchmarkOutput.line("\(name) \(bytes >> 20) MB resident with \(records) records")
  }

  private static var residentBytes: Int {
    var buffer = [CChar](repeating: 0, count: 256)
    guard let file = fopen("/proc/self/statm", "r") else { return 0 }
    defer { fclose(file) }
    guard fgets(&buffer, Int32(buffer.count), file) != nil else { return 0 }
    let text = String(
      decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let fields = text.split(separator: " ")
    return fields.count > 1 ? (Int(fields[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }
}
