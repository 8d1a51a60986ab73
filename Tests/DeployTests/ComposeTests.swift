// docker-compose.yml and its configuration agree with each other and with the programs.

import Foundation
import Settings
import Testing
import Yams

@Suite struct ComposeTests {
  private let ours = ["topics", "sandbox", "receiver", "consumer"]

  @Test func everyCommandIsOneThatTheProgramsHave() throws {
    for name in ours {
      let command = try Deployment.service(name)["command"]?.texts ?? []
      #expect(!command.isEmpty)
      #expect(CommandSurface.complaint(about: command) == nil)
      #expect(try Deployment.service(name)["image"]?.string == "hookferry:local")
    }
  }

  @Test func theConfigurationIsMountedWhereItIsRead() throws {
    for name in ["topics", "receiver", "consumer"] {
      let service = try Deployment.service(name)
      let config = CommandSurface.value(of: "--config", in: service["command"]?.texts ?? [])
      let mounts = service["volumes"]?.texts ?? []
      let path = try #require(config)
      #expect(mounts.contains("./deploy/hookferry.compose.yaml:\(path):ro"), "\(name)")
    }
  }

  @Test func secretsOfEachServiceAreGivenToIt() throws {
    let path = "deploy/hookferry.compose.yaml"
    let text = try Deployment.text(path)
    for (name, scope) in [
      ("receiver", ConfigurationScope.receiver), ("consumer", .consumer), ("topics", .broker),
    ] {
      let given = try Deployment.service(name)["environment"]?.names ?? []
      let environment = Dictionary(uniqueKeysWithValues: given.map { ($0, "x") })
      #expect(throws: Never.self, "\(name)") {
        try Configuration.parse(text: text, file: path, environment: environment, scope: scope)
      }
    }
  }

  @Test func portsAreThoseOfTheConfiguration() throws {
    let configuration = try Deployment.composeConfiguration()
    let receiver = try Deployment.service("receiver")
    #expect(
      receiver["ports"]?.texts == [
        "\(configuration.receiver.port):\(configuration.receiver.port)"
      ])
    #expect(
      receiver["healthcheck"]?["test"]?.texts
        == ["CMD", "probe", "\(configuration.receiver.adminPort)", "/readyz"])
    #expect(
      try Deployment.service("consumer")["healthcheck"]?["test"]?.texts
        == ["CMD", "probe", "\(configuration.consumer.adminPort)", "/livez"])
  }

  @Test func addressesNameServicesAndTheirPorts() throws {
    let configuration = try Deployment.composeConfiguration()
    let kafka = try Deployment.service("kafka")["environment"]
    #expect(
      kafka?["KAFKA_ADVERTISED_LISTENERS"]?.string
        == "PLAINTEXT://\(configuration.kafka.bootstrapServers)")
    let sandbox = try Deployment.service("sandbox")
    let port = CommandSurface.value(of: "--port", in: sandbox["command"]?.texts ?? [])
    let fetch = try #require(configuration.pipelines.first?.fetch)
    #expect(fetch.baseURL == "http://sandbox:\(port ?? "")")
    // The control paths know no password: the host's own loopback is the widest they may be.
    #expect(sandbox["ports"]?.texts == ["127.0.0.1:\(port ?? ""):\(port ?? "")"])
    let target = CommandSurface.value(of: "--webhook-url", in: sandbox["command"]?.texts ?? [])
    #expect(target == configuration.sources["crm"]?.publicURL)
    #expect(
      configuration.sources["crm"]?.publicURL
        == "http://receiver:\(configuration.receiver.port)/hooks/crm")
  }

  @Test func consumersCanBeScaled() throws {
    let consumer = try Deployment.service("consumer")
    for key in ["container_name", "ports", "hostname", "network_mode"] {
      #expect(consumer[key] == nil, "\(key)")
    }
    let configuration = try Deployment.composeConfiguration()
    guard case .sqlite(let path) = configuration.sinks["warehouse"]?.kind else { return }
    let directory = URL(filePath: path).deletingLastPathComponent().path()
    let mounts = consumer["volumes"]?.texts ?? []
    let data = mounts.compactMap { mount -> String? in
      let parts = mount.split(separator: ":").map(String.init)
      return parts.count > 1 && parts[1] + "/" == directory ? parts[0] : nil
    }
    #expect(data == ["hookferry-data"])
    #expect(try Deployment.compose()["volumes"]?.names.contains("hookferry-data") == true)
    let create = try Deployment.service("topics")["command"]?.texts ?? []
    let partitions = Int(CommandSurface.value(of: "--partitions", in: create) ?? "")
    #expect((partitions ?? 0) >= 3)
  }

  @Test func theConsumerIsGivenItsServerAsTheSink() throws {
    let path = "deploy/hookferry.postgres.yaml"
    let overlay = try Deployment.documents("docker-compose.postgres.yml").first
    let consumer = try #require(overlay?["services"]?["consumer"])
    #expect(consumer["volumes"]?.texts == ["./\(path):/etc/hookferry/hookferry.yaml:ro"])
    let dsn = try #require(consumer["environment"]?["WAREHOUSE_DSN"]?.string)
    #expect(dsn.hasPrefix("postgres://hookferry:") && dsn.hasSuffix("@postgres:5432/hookferry"))
    let server = try Deployment.service("postgres")["environment"]
    #expect(server?["POSTGRES_USER"]?.string == "hookferry")
    #expect(server?["POSTGRES_DB"]?.string == "hookferry")
    let configuration = try Configuration.parse(
      text: Deployment.text(path), file: path,
      environment: Deployment.secrets.merging(["WAREHOUSE_DSN": dsn]) { $1 })
    guard case .postgres = configuration.sinks["warehouse"]?.kind else {
      Issue.record("no server is the sink")
      return
    }
  }

  @Test func nobodyIsKilledWhileItDrains() throws {
    let configuration = try Deployment.composeConfiguration()
    let receiver = configuration.receiver
    #expect(
      try graceMs("receiver") >= receiver.drainGraceMs + receiver.drainTimeoutMs + 5000)
    #expect(try graceMs("consumer") >= configuration.consumer.drainTimeoutMs + 5000)
  }

  private func graceMs(_ name: String) throws -> Int {
    let text = try Deployment.service(name)["stop_grace_period"]?.string ?? ""
    let seconds = try #require(Int(text.dropLast()))
    #expect(text.last == "s")
    return seconds * 1000
  }

  @Test func servicesWaitForWhatTheyNeed() throws {
    let needs = [
      ("topics", "kafka", "service_healthy"),
      ("receiver", "topics", "service_completed_successfully"),
      ("consumer", "topics", "service_completed_successfully"),
      ("consumer", "sandbox", "service_started"), ("sandbox", "receiver", "service_healthy"),
    ]
    for (name, other, condition) in needs {
      let found = try Deployment.service(name)["depends_on"]?[other]?["condition"]?.string
      #expect(found == condition, "\(name) on \(other)")
    }
    #expect(try Deployment.service("kafka")["healthcheck"] != nil)
    #expect(try Deployment.service("postgres")["profiles"]?.texts == ["postgres"])
  }
}
