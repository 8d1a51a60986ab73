// The receiver as a service: boot checks, listener, probes, a clean end on SIGTERM.
import AdminServer
import Kafka
package import Logging
import ServiceLifecycle
package import Settings
import Telemetry

/// `hookferry-receiver` without its command line; the demo and tests run it in-process.
package struct Receiver: Service {
  /// Where a running receiver listens.
  package struct Endpoint: Sendable {
    package let port: Int
    package let adminPort: Int
  }

  private let configuration: Configuration
  private let log: Logger
  private let onListening: @Sendable (Endpoint) -> Void

  /// `onListening` is called once, when requests are taken.
  package init(
    _ configuration: Configuration, log: Logger,
    onListening: @escaping @Sendable (Endpoint) -> Void = { _ in }
  ) {
    self.configuration = configuration
    self.log = log
    self.onListening = onListening
  }

  /// Runs until graceful shutdown or cancellation. Throws when it cannot start, or when events
  /// were given up at the end.
  package func run() async throws {
    let settings = configuration.receiver
    let registry = MetricRegistry()
    let metrics = ReceiverMetrics(registry)
    let table = try SourceTable(configuration, metrics: metrics)
    let router = DeliveryRouter()
    let readiness = Readiness()
    let producer = try Producer(
      producerOptions, onDeliveries: { router.route($0) }, onEvent: { [log] in Self.note($0, log) })
    let shared = ReceiverShared(
      settings: settings,
      publisher: KafkaPublisher(
        producer: producer, topic: try producer.topic(configuration.kafka.eventsTopic)),
      metrics: metrics)
    metrics.observe(shared)
    let server = try await HookServer.start(
      settings, shared: shared, router: router, table: table)
    let admin = try await AdminServer.start(
      address: settings.listenAddress, port: settings.adminPort, registry: registry,
      readiness: { readiness.unreadyReason.map { .failing($0) } ?? .ok })
    log.write(
      .info, "receiver started, probes and metrics on port \(admin.port)",
      [.port: server.port, .source: configuration.sources.keys.sorted()])
    onListening(Endpoint(port: server.port, adminPort: admin.port))
    await waitForShutdown(readiness)
    try await end(server, admin, shared, router)
  }

  /// Keeps readiness current until shutdown, then waits the grace time, so that load balancers
  /// stop sending before the listener closes.
  private func waitForShutdown(_ readiness: Readiness) async {
    let probe = BrokerProbe(kafka: configuration.kafka, readiness: readiness)
    try? await cancelWhenGracefulShutdown { try await probe.run() }
    readiness.shuttingDown()
    log.write(.info, "shutting down", [.waitMs: configuration.receiver.drainGraceMs])
    try? await Task.sleep(for: .milliseconds(configuration.receiver.drainGraceMs))
  }

  private func end(
    _ server: HookServer, _ admin: AdminServer, _ shared: ReceiverShared,
    _ router: DeliveryRouter
  ) async throws {
    let allEnded = await server.drain(timeoutMs: configuration.receiver.drainTimeoutMs)
    let publisher = shared.publisher
    let flushMs = Int32(configuration.receiver.messageTimeoutMs)
    let undelivered = await BlockingCall.run { publisher.close(timeoutMs: flushMs) }
    await server.stop()
    router.removeAll()
    await admin.close()
    log.write(
      .info, "receiver stopped" + (allEnded ? "" : ", some requests did not end in time"),
      [.pending: undelivered])
    // Their senders got no 2xx and will come again; still, somebody should know.
    if undelivered > 0 {
      throw ReceiverError(
        message: "\(undelivered) events were not delivered before the end; none was answered 2xx",
        remedy: "look after the broker; the senders will repeat them")
    }
  }

  private var producerOptions: ProducerOptions {
    let settings = configuration.receiver
    return ProducerOptions(
      bootstrapServers: configuration.kafka.bootstrapServers, clientId: "hookferry-receiver",
      lingerMs: settings.lingerMs, messageTimeoutMs: settings.messageTimeoutMs,
      socketTimeoutMs: settings.socketTimeoutMs,
      queueMessagesMax: max(100_000, settings.inFlightRequestsMax * 100),
      queueKbytesMax: max(65_536, settings.inFlightBytesMax / 1024 * 2),
      extra: configuration.kafka.properties.mapValues { $0.reveal() })
  }

  private static func note(_ event: ClientEvent, _ log: Logger) {
    switch event {
    case .failure(let error):
      log.write(
        error.isFatal ? .critical : .warning, "Kafka reported an error", [.error: error])
    case .log(let level, let facility, let message):
      let level: Logger.Level = level <= 3 ? .error : level == 4 ? .warning : .debug
      log.write(level, "librdkafka \(facility): \(message)")
    case .statistics: break
    }
  }
}
