// A consumer in this process, for the length of one measurement.

import ConsumerService
import FoundationEssentials
import Logging
import ServiceLifecycle
import Settings
import Telemetry

/// What a measurement tells its consumer.
struct ConsumerRunOptions {
  var servers: String
  /// Nil: events are not enriched.
  var apiURL: String?
  var connectionsMax = 64
  var inFlightMax = 2000
  var windowRecordsMax = 100_000
  var step = ConsumerService.Step.empty
}

/// Runs a consumer until `measure` returns, or at most so long.
struct ConsumerRun {
  private static let secondsMax = 60

  static func with(
    _ options: ConsumerRunOptions, observe: @escaping ProgressObserver,
    until isDone: AsyncStream<Void>
  ) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "hookferry-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let configuration = try Configuration.parse(
      text: yaml(options, directory: directory.path), file: "hookferry.yaml", environment: [:],
      scope: .consumer)
    let log = Logger.program(label: "hookferry-bench", level: .error)
    let service = ConsumerService(
      configuration, log: log, step: options.step, observe: observe)
    let group = ServiceGroup(services: [service], logger: log)
    let running = Task { try await group.run() }
    let watchdog = Task {
      try await Task.sleep(for: .seconds(secondsMax))
      await group.triggerGracefulShutdown()
    }
    for await _ in isDone { break }
    watchdog.cancel()
    await group.triggerGracefulShutdown()
    _ = await running.result
  }

  static func yaml(_ options: ConsumerRunOptions, directory: String) -> String {
    """
    kafka:
      bootstrap_servers: "\(options.servers)"
    sources:
      \(Backlog.source):
        provider: hubspot
        secrets: ["text:secret"]
        public_url: https://hooks.example.com/hooks/crm
    consumer:
      group_id: bench
      listen_address: 127.0.0.1
      admin_port: 0
      in_flight_max: \(options.inFlightMax)
      window_records_max: \(options.windowRecordsMax)
      burst_wait_ms: 0
    pipelines:
      crm-to-warehouse:
        from: \(Backlog.source)
        to: warehouse
    \(fetch(options))
    sinks:
      warehouse:
        sqlite: "\(directory)/bench.db"

    """
  }

  private static func fetch(_ options: ConsumerRunOptions) -> String {
    guard let url = options.apiURL else { return "" }
    return """
          fetch:
            provider: hubspot
            base_url: \(url)
            token: "text:token"
            connections_max: \(options.connectionsMax)
            batch_ids_max: 1
            adaptive: false
            total_timeout_ms: 300000
      """
  }
}
