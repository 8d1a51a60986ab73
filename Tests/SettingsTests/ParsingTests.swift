// What a good file becomes.

import Foundation
import Testing

@testable import Settings

@Suite struct ParsingTests {
  @Test func everyWrittenValueArrives() throws {
    let read = try parse(Samples.full, Samples.fullEnvironment)
    #expect(read.kafka.bootstrapServers == "broker-1:9092,broker-2:9093")
    #expect(read.kafka.eventsTopic == "crm.events")
    #expect(read.kafka.deadLettersTopic == "crm.dead")
    #expect(
      read.kafka.properties.mapValues { $0.reveal() } == [
        "security.protocol": "SASL_SSL", "sasl.password": "pw",
      ])
    #expect(read.receiver.port == 1)
    #expect(read.receiver.adminPort == 2)
    #expect(read.receiver.bodyBytesMax == 2048)
    #expect(read.consumer.groupId == "ferry")
    #expect(read.consumer.adminPort == 3)

    let crm = try #require(read.sources["crm"])
    #expect(crm.name == "crm")
    #expect(crm.provider == "hubspot")
    #expect(crm.secrets.map { $0.reveal() } == ["s3cret", "old"])
    #expect(crm.publicURL == "https://hooks.example.com/hooks/crm")
    #expect(crm.tenant == nil)
    #expect(crm.signature == nil)

    let shop = try #require(read.sources["shop"])
    #expect(shop.secrets.map { $0.reveal() } == ["x"])
    #expect(shop.tenant == "eu")
    let scheme = try #require(shop.signature)
    #expect(scheme.header == "X-Signature")
    #expect(scheme.prefix == "sha256=")
    #expect([scheme.hash, scheme.encoding, scheme.key] == ["sha256", "hex", "text"])
    #expect(scheme.signed == "{timestamp}.{body}")
    #expect(scheme.timestamp == "header:X-Time")
    #expect(scheme.timestampUnit == "s")
    #expect(scheme.toleranceS == 300)
    let event = try #require(shop.event)
    #expect(
      [event.id, event.type, event.recordId] == ["header:X-Id", "json:/type", "json:/data/id"])
    #expect([event.object, event.tenant, event.time] == [nil, nil, nil])

    #expect(read.pipelines.map(\.name) == ["zebra", "apple"])
    #expect(read.pipelines.map(\.from) == ["shop", "crm"])
    #expect(read.pipelines[0].fetch == nil)
    let fetch = try #require(read.pipelines[1].fetch)
    #expect(fetch.baseURL == "https://api.hubapi.com")
    #expect(fetch.token?.reveal() == "t0ken")
    #expect(fetch.properties == ["email", "lastname"])
    #expect(
      [fetch.connectTimeoutMs, fetch.totalTimeoutMs, fetch.connectionsMax] as [Int] == [
        3000, 10_000, 32,
      ])
    guard case .sqlite(let path) = read.sinks["warehouse"]?.kind else { fatalError("no sink") }
    #expect(path == "/var/lib/hookferry.db")
  }

  @Test func defaultsAreThoseOfTheDesign() {
    let receiver = ReceiverSettings.defaults
    #expect(receiver.listenAddress == "0.0.0.0")
    #expect([receiver.port, receiver.adminPort, receiver.threads] as [Int] == [8080, 8081, 0])
    #expect(receiver.bodyBytesMax == 1_048_576)
    #expect(receiver.headerBytesMax == 16_384)
    #expect(receiver.connectionsMax == 8192)
    #expect(receiver.inFlightRequestsMax == 4096)
    #expect(receiver.inFlightBytesMax == 67_108_864)
    #expect(
      [receiver.requestDeadlineMs, receiver.messageTimeoutMs, receiver.socketTimeoutMs] as [Int]
        == [4500, 4000, 2500])
    #expect(receiver.lingerMs == 1)
    let consumer = ConsumerSettings.defaults
    #expect([consumer.inFlightMax, consumer.windowRecordsMax] as [Int] == [2000, 100_000])
    #expect(consumer.windowBytesMax == 67_108_864)
    #expect(consumer.commitIntervalMs == 500)
    #expect(
      [consumer.retryAttemptsMax, consumer.retryBaseMs, consumer.retryMaxMs] as [Int] == [
        12, 200, 30_000,
      ])
    #expect([consumer.sessionTimeoutMs, consumer.maxPollIntervalMs] as [Int] == [30_000, 300_000])
    #expect(consumer.drainTimeoutMs == 20_000)
  }

  @Test func aServerCanBeTheSink() throws {
    let read = try parse(
      Samples.minimal("  warehouse: {postgres: \"env:DSN\", statement_timeout_ms: 900}"),
      ["DSN": "postgres://u:hush@db/x"])
    let sink = try #require(read.sinks["warehouse"])
    guard case .postgres(let dsn) = sink.kind else { fatalError("no server") }
    #expect(dsn.reveal() == "postgres://u:hush@db/x")
    #expect([sink.connectTimeoutMs, sink.statementTimeoutMs] as [Int] == [5000, 900])
    #expect(
      [sink.inboxKeepMs, sink.writeLogKeepMs, sink.claimsKeepMs] as [Int]
        == [604_800_000, 2_592_000_000, 604_800_000])
    #expect(!"\(read)".contains("hush"))
  }

  @Test func anEmptySectionIsReadAsItsDefaults() throws {
    let read = try parse(Samples.minimal("receiver:\nconsumer: {}"))
    #expect(read.receiver.port == 8080)
    #expect(read.consumer.adminPort == 8082)
    #expect(read.kafka.eventsTopic == "hookferry.events")
  }

  @Test func variablesOverrideSettings() throws {
    let read = try parse(
      Samples.minimal("receiver: {port: 9000}"),
      [
        "HOOKFERRY__RECEIVER__PORT": "0", "HOOKFERRY__CONSUMER__GROUP_ID": "other",
        "HOOKFERRY__SINKS__DB__SQLITE": "b.db", "PATH": "/bin",
      ])
    #expect(read.receiver.port == 0)
    #expect(read.consumer.groupId == "other")
    guard case .sqlite(let path) = read.sinks["db"]?.kind else { fatalError("no sink") }
    #expect(path == "b.db")
  }

  @Test func aVariableWithABadValueIsNamed() {
    #expect(
      problems(Samples.minimal(), ["HOOKFERRY__RECEIVER__PORT": "x"]) == [
        "h.yaml: receiver.port: must be a whole number, not \"x\" "
          + "(from the variable HOOKFERRY__RECEIVER__PORT)"
      ])
    #expect(
      problems(Samples.minimal(), ["HOOKFERRY__RECEIVER__PROT": "1"]) == [
        "environment: HOOKFERRY__RECEIVER__PROT: names no setting; "
          + "did you mean HOOKFERRY__RECEIVER__PORT?"
      ])
  }

  @Test func theExampleParses() throws {
    let read = try Configuration.load(
      path: repository + "/hookferry.example.yaml", environment: Samples.environment)
    #expect(read.sources.keys.sorted() == ["crm"])
    #expect(read.pipelines.map(\.name) == ["crm-to-warehouse"])
  }

  @Test func aMissingFileIsNamed() {
    #expect {
      try Configuration.load(path: "/nowhere/h.yaml", environment: [:])
    } throws: { error in
      "\(error)"
        == "/nowhere/h.yaml: cannot read /nowhere/h.yaml: No such file or directory"
    }
  }
}

/// The checkout that this file is in.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path()
