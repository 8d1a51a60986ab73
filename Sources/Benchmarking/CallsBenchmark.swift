// How well the slots of an API are used, and what one enriched event costs without its write.

import ConsumerService
import Synchronization

/// Enriches a backlog over a fixed number of calls at a time.
package struct CallsBenchmark {
  package var servers: String
  package var url: String
  package var slots: Int
  package var seconds: Double

  package init(servers: String, url: String, slots: Int, seconds: Double) {
    self.servers = servers
    self.url = url
    self.slots = slots
    self.seconds = seconds
  }

  /// Prints calls a second and CPU a call, once connections stand.
  package func report(_ name: String) async throws {
    let watch = CallsWatch(lengthNs: Int64(seconds * 1e9))
    let (done, end) = AsyncStream<Void>.makeStream()
    var options = ConsumerRunOptions(servers: servers, apiURL: url, step: .withoutSink)
    options.connectionsMax = slots
    // Twice as many lanes as slots: one that is free finds work at once.
    options.inFlightMax = max(2000, 2 * slots)
    try await ConsumerRun.with(
      options, observe: { if watch.note($0) { end.yield() } }, until: done)
    guard let figures = watch.figures else {
      throw BenchmarkError(description: "the backlog was used up before the time was over")
    }
    let rate = Double(figures.calls) / (Double(figures.wallNs) / 1e9)
    let us = Double(figures.processNs) / 1000 / Double(figures.calls)
    BenchmarkOutput.line(
      "\(name) \(Int(rate)) calls/s, \(BenchmarkOutput.decimal(us)) us of CPU a call")
  }
}

/// Called on the owner thread only, but for `figures`.
private final class CallsWatch: Sendable {
  struct Figures: Sendable {
    var calls = 0
    var wallNs: Int64 = 0
    var processNs: Int64 = 0
  }

  private struct State {
    var firstNs: Int64?
    var calls = 0
    var start: Figures?
    var total: Figures?
  }

  private let lengthNs: Int64
  private let state = Mutex(State())

  /// Before it is measured connections open and the window fills.
  private static let warmUpNs: Int64 = 2_000_000_000

  init(lengthNs: Int64) { self.lengthNs = lengthNs }

  var figures: Figures? { state.withLock { $0.total } }

  /// True when the time is over.
  func note(_ progress: ConsumerProgress) -> Bool {
    guard case .fetched = progress else { return false }
    let nowNs = BenchmarkClock.monotonicNs
    return state.withLock { state in
      state.calls += 1
      let firstNs = state.firstNs ?? nowNs
      state.firstNs = firstNs
      guard nowNs - firstNs >= Self.warmUpNs, state.total == nil else { return false }
      guard let start = state.start else {
        state.start = Figures(
          calls: state.calls, wallNs: nowNs, processNs: BenchmarkClock.processNs)
        return false
      }
      guard nowNs - start.wallNs >= lengthNs else { return false }
      state.total = Figures(
        calls: state.calls - start.calls, wallNs: nowNs - start.wallNs,
        processNs: BenchmarkClock.processNs - start.processNs)
      return true
    }
  }
}
