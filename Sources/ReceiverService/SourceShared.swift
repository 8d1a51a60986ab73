// What all loops share of one source.

import Settings
import Synchronization
import Telemetry

/// Any thread.
struct SourceShared: Sendable {
  /// Nil: no limit.
  var rate: RateLimit?
  /// Nil: nothing is remembered.
  var repeats: Repeats?
}

/// Makes them, one for each source, and keeps them for whoever asks for that source again.
final class SharedSources: Sendable {
  private struct Known {
    let ratePerS: Int?
    let burst: Int?
    let dropsRepeats: Bool
    let shared: SourceShared
  }

  private let known = Mutex<[String: Known]>([:])
  private let registry: MetricRegistry
  private let onReports: @Sendable ([PublishReport]) -> Void

  init(_ registry: MetricRegistry, onReports: @escaping @Sendable ([PublishReport]) -> Void) {
    self.registry = registry
    self.onReports = onReports
  }

  /// The same as before, as long as the source's settings are.
  func of(_ source: SourceSettings, _ receiver: ReceiverSettings) -> SourceShared {
    known.withLock { known in
      if let before = known[source.name], before.ratePerS == source.ratePerS,
        before.burst == source.burst, before.dropsRepeats == source.dropsRepeats
      {
        return before.shared
      }
      var shared = SourceShared()
      if let rate = source.ratePerS {
        shared.rate = RateLimit(ratePerS: rate, burst: source.burst ?? rate)
      }
      if receiver.repeatCacheEntriesMax > 0 {
        shared.repeats = Repeats(
          entriesMax: receiver.repeatCacheEntriesMax, ttlMs: Int64(receiver.repeatCacheTtlMs),
          dropsRepeats: source.dropsRepeats,
          metrics: RepeatMetrics(registry, source: source.name), onReports: onReports)
      }
      known[source.name] = Known(
        ratePerS: source.ratePerS, burst: source.burst, dropsRepeats: source.dropsRepeats,
        shared: shared)
      return shared
    }
  }
}
