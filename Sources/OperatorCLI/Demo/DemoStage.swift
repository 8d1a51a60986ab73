// What the demo plays on: broker, sandbox, configuration, and the two services in one process.
import ConsumerService
import FoundationEssentials
import Kafka
import Logging
import ReceiverService
import Sandbox
import ServiceLifecycle
import Settings
import Signatures
import Telemetry

/// Everything that runs during a demo; `stop` ends it in the right order.
struct DemoStage: Sendable {
  static let secret = "demo-client-secret"
  static let publicURL = "https://hooks.example.com/hooks/crm"

  let broker: MockCluster
  let sandbox: SandboxServer
  let databasePath: String
  private let group: ServiceGroup
  private let services: Task<Void, any Error>

  /// Starts it all; throws when something cannot start.
  static func start(
    _ options: DemoOptions, directory: String, counts: DemoCounts, log: Logger
  ) async throws -> DemoStage {
    let broker = try MockCluster.start(brokers: 1)
    try broker.createTopic("hookferry.events", partitions: 4)
    try broker.createTopic("hookferry.retry", partitions: 4)
    try broker.createTopic("hookferry.dead-letters", partitions: 1)
    let sandbox = try SandboxServer(sandboxOptions(options))
    let apiPort = try await sandbox.start()
    let databasePath = directory + "/hookferry.db"
    let text = yaml(
      brokers: broker.bootstrapServers, apiPort: apiPort, databasePath: databasePath)
    try text.write(toFile: directory + "/hookferry.yaml", atomically: true, encoding: .utf8)
    let configuration = try Configuration.parse(
      text: text, file: directory + "/hookferry.yaml", environment: [:])
    let receiver = try Receiver(configuration, logger: log)
    let group = ServiceGroup(
      services: [
        receiver,
        ConsumerService(configuration, log: log) { counts.note($0) },
      ], logger: log)
    let services = Task { try await group.run() }
    let port = try await receiver.ready.value().webhooks
    sandbox.setWebhookTarget(
      url: "http://127.0.0.1:\(port)/hooks/crm", publicURL: publicURL)
    return DemoStage(
      broker: broker, sandbox: sandbox, databasePath: databasePath, group: group,
      services: services)
  }

  /// Drains the services, then ends sandbox and broker.
  func stop() async throws {
    await group.triggerGracefulShutdown()
    let result = await services.result
    await sandbox.stop()
    broker.close()
    try result.get()
  }

  private static func sandboxOptions(_ options: DemoOptions) throws -> SandboxOptions {
    var webhooks = WebhookOptions(
      url: "http://127.0.0.1:9/", publicURL: publicURL, sign: try HubSpotSigning.make(secret))
    webhooks.seed = options.seed
    webhooks.duplicateRate = Double(options.duplicates) / 100
    webhooks.shuffleWindow = options.shuffle
    webhooks.batchEventsMax = 20
    var sandbox = SandboxOptions()
    sandbox.webhooks = webhooks
    sandbox.faults.seed = options.seed
    sandbox.faults.latencyMs = Int64(options.latencyMs)
    sandbox.faults.latencyJitterMs = Int64(options.latencyMs / 2)
    sandbox.faults.throttleRate = Double(options.throttled) / 100
    sandbox.faults.errorRate = Double(options.errors) / 100
    return sandbox
  }

  private static func yaml(brokers: String, apiPort: Int, databasePath: String) -> String {
    """
    # Written by hookferry demo: the broker and the sandbox end with it.
    kafka:
      bootstrap_servers: "\(brokers)"
    receiver:
      listen_address: 127.0.0.1
      port: 0
      admin_port: 0
      drain_grace_ms: 0
    sources:
      crm:
        provider: hubspot
        secrets: ["text:\(secret)"]
        public_url: \(publicURL)
    consumer:
      group_id: hookferry-demo
      listen_address: 127.0.0.1
      admin_port: 0
      commit_interval_ms: 200
      retry_base_ms: 50
    pipelines:
      crm-to-warehouse:
        from: crm
        fetch:
          provider: hubspot
          base_url: http://127.0.0.1:\(apiPort)
          token: "text:sandbox-token"
          properties: [email, firstname, lastname, phone, lifecyclestage]
        to: warehouse
    sinks:
      warehouse:
        sqlite: "\(databasePath)"

    """
  }
}
