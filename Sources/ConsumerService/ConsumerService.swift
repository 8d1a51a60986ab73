// The consumer as a service: boot checks, the owner thread, probes, a clean end on SIGTERM.
import AdminServer
package import Logging
import ServiceLifecycle
package import Settings
import Telemetry

/// `hookferry-consumer` without its command line; the demo runs it in-process.
package struct ConsumerService: Service {
  /// How much is done for a record: anything but all of it is for measurements.
  package enum Step: Sendable {
    case whole
    /// What was fetched is written nowhere.
    case withoutSink
    /// A record is done as soon as its turn comes.
    case empty
  }

  private let configuration: Configuration
  private let log: Logger
  private let step: Step
  private let observe: ProgressObserver

  /// `observe` is called on the owner thread for every step of every event; it must not block.
  package init(
    _ configuration: Configuration, log: Logger, step: Step = .whole,
    observe: @escaping ProgressObserver = { _ in }
  ) {
    self.configuration = configuration
    self.log = log
    self.step = step
    self.observe = observe
  }

  /// Runs until graceful shutdown or cancellation, then drains. Throws when it cannot start.
  package func run() async throws {
    let registry = MetricRegistry()
    let health = ConsumerHealth()
    let gauges = ConsumerGauges(registry, handles: configuration.consumer.engine.handles)
    let handles = try (0..<configuration.consumer.engine.handles).map { index in
      let ports = ConsumerLoop.Ports()
      let parts = try ConsumerParts(
        configuration.forHandle(index), ports: ports, gauges: gauges.forHandle(index),
        health: health, log: log,
        step: step, observe: observe)
      return Handle(parts: parts, ports: ports)
    }
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
        await Self.run(handles)
      } onGracefulShutdown: {
        Self.stop(handles)
      }
    } onCancel: {
      Self.stop(handles)
    }
    await admin.close()
    try result.get()
  }

  /// One member of the group.
  private struct Handle: Sendable {
    let parts: ConsumerParts
    let ports: ConsumerLoop.Ports
  }

  private static func stop(_ handles: [Handle]) {
    for handle in handles { handle.ports.stops.push([ConsumerLoop.Stop()]) }
  }

  /// All handles end together: one that fails takes the others along.
  private static func run(_ handles: [Handle]) async -> Result<Void, any Error> {
    await withTaskGroup(of: Result<Void, any Error>.self) { group in
      for handle in handles {
        group.addTask {
          let result = await runLoop(handle.parts, ports: handle.ports)
          stop(handles)
          return result
        }
      }
      var first: Result<Void, any Error> = .success(())
      for await result in group {
        if case .failure = result, case .success = first { first = result }
      }
      return first
    }
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

extension Configuration {
  /// The same for one of several members in this process: a static name must be its own.
  fileprivate func forHandle(_ index: Int) -> Configuration {
    guard consumer.engine.handles > 1, let instance = consumer.engine.instanceId else {
      return self
    }
    var own = self
    own.consumer.engine.instanceId = "\(instance)-\(index)"
    return own
  }
}
