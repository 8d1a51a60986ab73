// One event loop's part of a receiver without sockets, Kafka and clock: what the fuzzer feeds.

import Logging
package import NIOCore
package import Providers
package import Settings
import Telemetry

/// The real connection handling on a channel of the caller's. Makes no threads, looks at no port
/// and sweeps nothing: time passes in `elapse` only. To be used by one thread at a time, the one of
/// the channels' event loop.
package final class BareReceiver {
  private let shard: Shard

  /// `providers` take the place of the configured ones, by source. Reports on what `publisher` took
  /// are to be handed to `deliver`.
  package init(
    _ configuration: Configuration, providers: [String: Provider] = [:],
    publisher: any EventPublisher
  ) throws {
    let metrics = ReceiverMetrics(MetricRegistry())
    var sources: [String: SourceGuard] = [:]
    for settings in configuration.sources.values {
      let plan = SourcePlan(
        settings: settings,
        provider: try providers[settings.name] ?? BootChecks.provider(settings, configuration))
      sources[settings.name] = try SourceGuard(
        plan, metrics: SourceMetrics(MetricRegistry(), source: settings.name))
    }
    shard = Shard(
      index: 0, settings: configuration.receiver, sources: sources, publisher: publisher,
      admission: Admission(configuration.receiver, metrics: metrics), metrics: metrics,
      rejections: RejectionLog(Logger(label: "bare") { _ in SwiftLogNoOpLogHandler() }))
  }

  /// Serves one more connection; false when there are too many.
  package func serve(_ pipeline: ChannelPipeline.SynchronousOperations) throws -> Bool {
    guard shard.admission.admitConnection() else { return false }
    try pipeline.addHandler(ConnectionHandler(shard))
    return true
  }

  package func deliver(_ reports: [PublishReport]) { shard.deliver(reports) }

  /// Every deadline there can be passes.
  package func elapse() { shard.elapse(nowMs: .max) }

  package var requestsInFlight: Int { shard.admission.requestsInFlight }
  package var bytesInFlight: Int { shard.admission.bytesInFlight }
  package var connectionsOpen: Int { shard.admission.connectionsOpen }
}
