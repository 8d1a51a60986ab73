// The sources of one event loop, made anew when the configuration changes.

import Settings
import Signatures
import Telemetry

/// What sources are made from, besides the configuration. Any thread.
struct SourceTable: Sendable {
  let registry: MetricRegistry
  let spool: Spool?
  /// Those that were spooling when the receiver started, in the spool's order. It stays that way:
  /// what waits there must not be overtaken.
  let spooling: [String]
  /// What the loops have in common of each source.
  let shared: SharedSources
  let settings: ReceiverSettings
  /// Shared by all loops, and kept over reloads.
  let certificates: CertificateStore

  /// Sources by name, each with metrics of its own; a name that is known keeps its series. On the
  /// event loop that will use them.
  func make(_ plans: [SourcePlan]) throws(ReceiverError) -> [String: SourceGuard] {
    var sources: [String: SourceGuard] = [:]
    for plan in plans {
      let name = plan.settings.name
      let entrance = spool.flatMap { spool in
        spooling.firstIndex(of: name).map { SpoolEntrance(spool: spool, source: $0) }
      }
      sources[name] = try SourceGuard(
        plan, metrics: SourceMetrics(registry, source: name), publisher: entrance,
        shared: shared.of(plan.settings, settings), certificates: certificates)
    }
    return sources
  }
}
