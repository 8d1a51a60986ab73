// The consumer as a service: boot checks, the owner thread, probes, a clean end on SIGTERM.
import AdminServer
package import Logging
import ServiceLifecycle
package import Settings
import Telemetry

/// `hookferry-consumer` without its command line; the demo runs it in-process.
package struct ConsumerService: Service {
  private let configuration: Configuration
  private let log: Logger
  private let observe: ProgressObserver

  /// `observe` is called on the owner thread for every step of every event; it must not block.
  package init(
    _ configuration: Configuration, log: Logger,
    observe: @escaping ProgressObserver = { _ in }
  ) {
    self.configuration = configuration
    self.log = log
    self.observe = observe
  }

  /// Runs until graceful shutdown or cancellation, then drains. Throws when it cannot start.
  package func run() async throws {
    let registry = MetricRegistry()
    let health = ConsumerHealth()
    let ports = ConsumerLoop.Ports()
    let parts = try ConsumerParts(
      configuration, ports: ports, gauges: ConsumerGauges(registry), health: health, log: log,
      observe: observe)
    let admin = try await AdminServer.start(
      address: configuration.consumer.listenAddress, port: configuration.consumer.adminPort,
      registry: registry,
      liveness: { health.deadReason.map { .failing($0) } ?? .ok },
      readiness: { health.unreadyReason.map { .failing($0) } ?? .ok })
    log.write(
      .info, "consumer started",
      [
        .group: configuration.consumer.groupId, .topic: configuration.kafka.eventsTopic,
        .port: admin.port,
      ])
    let result = await withTaskCancellationHandler {
      await withGracefulShutdownHandler {
        await Self.runLoop(parts, ports: ports)
      } onGracefulShutdown: {
        ports.stops.push([ConsumerLoop.Stop()])
      }
    } onCancel: {
      ports.stops.push([ConsumerLoop.Stop()])
    }
    await admin.close()
    try result.get()
  }

  private static func runLoop(
    _ parts: ConsumerParts, ports: ConsumerLoop.Ports
  ) async -> Result<Void, any Error> {
    await withCheckedContinuation { continuation in
      OwnerThread.start {
        continuation.resume(
          returning: Result { try ConsumerLoop(parts, ports: ports).run() })
      }
    }
  }
}
