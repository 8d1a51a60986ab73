// The key-ordered engine alone: poll, lanes, ledger and commits, with nothing done for a record, or
// nothing but its fetch.

import ConsumerService
import Synchronization

/// Consumes a backlog that `Backlog` has made.
package struct EngineBenchmark {
  package var servers: String
  package var count: Int
  /// Nil: nothing is done for a record. Else it is fetched from there, over `slots` calls at a
  /// time, and written nowhere.
  package var url: String?
  package var slots = 64

  package init(servers: String, count: Int) {
    self.servers = servers
    self.count = count
  }

  /// Prints records a second, and CPU of the owner thread and of the whole process a record.
  package func report(_ name: String) async throws {
    let watch = EngineWatch(count: count)
    let (done, end) = AsyncStream<Void>.makeStream()
    var options = ConsumerRunOptions(
      servers: servers, apiURL: url, step: url == nil ? .empty : .withoutSink)
    options.connectionsMax = slots
    try await ConsumerRun.with(
      options, observe: { if watch.note($0) { end.yield() } }, until: done)
    guard let figures = watch.figures else {
      throw BenchmarkError(description: "the consumer did not come to the end of the backlog")
    }
    let us = Double(figures.threadNs) / 1000 / Double(count)
    let processUs = Double(figures.processNs) / 1000 / Double(count)
    BenchmarkOutput.line(
      "\(name) \(Int(Double(count) / (Double(figures.wallNs) / 1e9))) records/s, "
        + "\(BenchmarkOutput.decimal(us)) us of CPU a record on the owner thread, "
        + "\(BenchmarkOutput.decimal(processUs)) us with librdkafka's threads")
  }
}

/// Counts what the owner thread tells. Called on that thread only, but for `figures`.
private final class EngineWatch: Sendable {
  struct Figures: Sendable {
    var wallNs: Int64 = 0
    var threadNs: Int64 = 0
    var processNs: Int64 = 0
  }

  private struct State {
    var start: Figures?
    var total: Figures?
  }

  private let count: Int
  private let finished = Atomic<Int>(0)
  private let state = Mutex(State())

  init(count: Int) { self.count = count }

  var figures: Figures? { state.withLock { $0.total } }

  /// True at the last record.
  func note(_ progress: ConsumerProgress) -> Bool {
    switch progress {
    case .received:
      state.withLock { if $0.start == nil { $0.start = Self.now() } }
      return false
    case .finished:
      guard finished.wrappingAdd(1, ordering: .relaxed).newValue == count else { return false }
      let now = Self.now()
      state.withLock { state in
        let start = state.start ?? now
        state.total = Figures(
          wallNs: now.wallNs - start.wallNs, threadNs: now.threadNs - start.threadNs,
          processNs: now.processNs - start.processNs)
      }
      return true
    default: return false
    }
  }

  private static func now() -> Figures {
    Figures(
      wallNs: BenchmarkClock.monotonicNs, threadNs: BenchmarkClock.threadNs,
      processNs: BenchmarkClock.processNs)
  }
}
