// The whole of Hookferry with real programs: a broker, the sandbox in this process, the receiver
// and any number of consumers as processes of their own.
import Foundation
import Model
import Providers
import Sandbox
import Signatures
import Stores
import Testing

/// What every end-to-end test begins with.
final class Rig {
  static let secret = "rig-client-secret"
  static let group = "rig"
  static let publicURL = "https://hooks.example.com/hooks/crm"

  let directory: URL
  let sandbox: SandboxServer
  private(set) var programs: [Program] = []
  private let apiPort: Int
  let bootstrapServers: String

  /// `latencyMs`: what each API call takes at least.
  init(bootstrapServers: String, latencyMs: Int64, seed: UInt64 = 1) async throws {
    self.bootstrapServers = bootstrapServers
    directory = FileManager.default.temporaryDirectory.appending(path: "hookferry-\(UUID())")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    var webhooks = WebhookOptions(url: "http://127.0.0.1:9/", publicURL: Self.publicURL) {
      method, _, body, timestampMs in
      let signer = try? Signer(
        Scheme.builtIn("hubspot-v3"), secret: Self.secret, publicURL: Self.publicURL)
      let headers = try? signer?.headers(
        method: method, target: "/", body: body, nowMs: timestampMs)
      return headers ?? []
    }
    webhooks.seed = seed
    webhooks.duplicateRate = 0.05
    webhooks.shuffleWindow = 10
    webhooks.batchEventsMax = 25
    var options = SandboxOptions()
    options.webhooks = webhooks
    options.faults.latencyMs = latencyMs
    sandbox = try SandboxServer(options)
    apiPort = try await sandbox.start()
  }

  var databasePath: String { directory.appending(path: "hookferry.db").path }

  func configuration(commitIntervalMs: Int = 100, inFlightMax: Int = 16) throws -> String {
    let path = directory.appending(path: "hookferry.yaml").path
    let text = """
      kafka:
        bootstrap_servers: "\(bootstrapServers)"
      receiver:
        listen_address: 127.0.0.1
        port: 0
        admin_port: 0
        drain_grace_ms: 0
      sources:
        crm:
          provider: hubspot
          secrets: ["env:RIG_SECRET"]
          public_url: \(Self.publicURL)
      consumer:
        group_id: \(Self.group)
        listen_address: 127.0.0.1
        admin_port: 0
        in_flight_max: \(inFlightMax)
        commit_interval_ms: \(commitIntervalMs)
        retry_base_ms: 50
        session_timeout_ms: 6000
        drain_timeout_ms: 5000
      pipelines:
        crm-to-warehouse:
          from: crm
          fetch:
            provider: hubspot
            base_url: http://127.0.0.1:\(apiPort)
            token: "env:RIG_TOKEN"
            properties: [email, firstname, lastname, phone, lifecyclestage]
          to: warehouse
      sinks:
        warehouse:
          sqlite: "\(databasePath)"

      """
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// Starts one of our programs; `close` ends it at the latest.
  func start(_ name: String, _ arguments: [String]) throws -> Program {
    let program = try Program(
      name, arguments, environment: ["RIG_SECRET": Self.secret, "RIG_TOKEN": "sandbox-token"])
    programs.append(program)
    return program
  }

  func startReceiver(_ configPath: String) async throws -> Program {
    let receiver = try start("hookferry-receiver", ["--config", configPath])
    let line = try await receiver.line(containing: "listening")
    let port = try #require(LogLine(line)?.fields["port"] as? Int)
    sandbox.setWebhookTarget(
      url: "http://127.0.0.1:\(port)/hooks/crm", publicURL: Self.publicURL)
    return receiver
  }

  func startConsumer(_ configPath: String) throws -> Program {
    try start("hookferry-consumer", ["--config", configPath, "--log-level", "debug"])
  }

  func close() async {
    for program in programs { await program.end() }
    await sandbox.stop()
    try? FileManager.default.removeItem(at: directory)
  }
}

/// One JSON line of a program's log.
struct LogLine {
  let message: String
  let fields: [String: Any]

  init?(_ line: String) {
    guard let data = line.data(using: .utf8),
      let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
      let message = object["msg"] as? String
    else { return nil }
    self.message = message
    fields = object
  }

  func integer(_ name: String) -> Int64? { (fields[name] as? NSNumber)?.int64Value }
}
