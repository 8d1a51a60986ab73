// Test events are what their provider would send: the receiver takes them, and no tampered one.

import Foundation
import HTTPClient
import Logging
import Model
import Providers
import ServiceLifecycle
import Settings
import Signatures
import Synchronization
import Testing

@testable import OperatorCLI
@testable import ReceiverService

/// Takes every event and reports it stored.
private final class TakesAll: EventPublisher {
  private let state = Mutex<(report: (@Sendable ([PublishReport]) -> Void)?, events: [Event])>(
    (nil, []))

  var events: [Event] { state.withLock { $0.events } }

  func attach(_ report: @escaping @Sendable ([PublishReport]) -> Void) {
    state.withLock { $0.report = report }
  }

  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    let report = state.withLock { state in
      if let event = try? Event(headers: headers) { state.events.append(event) }
      return state.report
    }
    report?([PublishReport(ticket: ticket, rejection: nil)])
    return nil
  }

  func close(timeoutMs: Int) -> Int { 0 }
}

@Suite(.timeLimit(.minutes(1)), .serialized) struct SendTests {
  /// Where it takes a certain form, or one that needs escapes where it is put.
  static let secrets = [
    "adyen": "00ff10", "adyen-platform": "00ff10", "pipedrive": "user:pass word",
    "mailchimp": "a/b ä&c", "sugarcrm": "a=b&c+d", "msgraph": #"se"cr\et"#, "zoho": #"se"cr\et"#,
    "salesforce-organization": "00D00000000002BEAC",
    "dataverse-http-header": #"{"Key1": "a b", "Key2": "c\"d"}"#,
    "dataverse-http-query": #"{"Key1": "a b", "Key2": "c&d"}"#,
  ]

  /// Each provider as a source uses it by default, and with each of its schemes alone.
  struct Use {
    var provider: String
    var scheme: String?
    var canBeSigned: Bool

    var name: String { scheme.map { "\(provider)-\($0)" } ?? provider }

    var source: String {
      let secret =
        scheme.flatMap { SendTests.secrets[$0] } ?? SendTests.secrets[provider]
        ?? "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
      let schemes = scheme.map { ", schemes: [\($0)]" } ?? ""
      return "  \(name): {provider: \(provider), secrets: ['text:\(secret)']\(schemes), "
        + "allowed: [a], public_url: \"https://hooks.example.com/hooks/\(name)\"}"
    }
  }

  static let uses: [Use] = ProviderSettings.builtInNames.flatMap { name -> [Use] in
    guard let provider = try? Provider.named(name) else { return [] }
    let alone = provider.schemes.map {
      Use(provider: name, scheme: $0.name, canBeSigned: RequestSigner.canSign($0))
    }
    return [Use(provider: name, scheme: nil, canBeSigned: provider.canBeSigned)] + alone
  }

  static let own = ["own", "own-query", "own-form"]

  static func configuration() throws -> Configuration {
    let sources = uses.filter(\.canBeSigned).map(\.source)
    return try Configuration.parse(
      text: """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        receiver:
          {listen_address: 127.0.0.1, port: 0, admin_port: 0, threads: 1, drain_grace_ms: 0,
            request_deadline_ms: 2900, message_timeout_ms: 2800, socket_timeout_ms: 500}
        providers:
          forms:
            schemes: {token: {algorithm: secret, at: "form:to ken"}}
            event: {id: form:id, type: form:id, record_id: form:id}
            samples:
              one: {content_type: application/x-www-form-urlencoded, body: "id={uuid}"}
        sources:
        \(sources.joined(separator: "\n"))
          own:
            provider: hmac
            secrets: ["text:s3cret"]
            signature: {header: X-Sig, signed: "{timestamp}.{body}", timestamp: "header:X-Time"}
          own-query: {provider: hmac, secrets: ["text:s3cret"], signature: {at: "query:sig"}}
          own-form: {provider: forms, secrets: ["text:a&b c"]}
        """, file: "test.yaml", environment: [:], scope: .receiver)
  }

  static func plan(
    _ configuration: Configuration, _ name: String, port: Int = 1, isTampered: Bool = false
  ) throws -> SendRun {
    try SendCommand.plan(
      configuration, source: name, url: "http://127.0.0.1:\(port)", seed: 7,
      plan: SendPlan(count: 6, duplicates: 0.5, isShuffled: true, seed: 7),
      isTampered: isTampered)
  }

  /// A provider that is new must be added here, or be sendable.
  @Test func onlyTheseCannotBeSigned() {
    let unsignable = Self.uses.filter { !$0.canBeSigned }
    #expect(
      unsignable.compactMap { $0.scheme == nil ? $0.provider : nil }
        == ["aws-sns", "paypal", "sendgrid"])
    #expect(
      unsignable.compactMap(\.scheme) == [
        "aws-sns-cert", "paypal-cert", "salesforce-client-certificate", "sendgrid-ecdsa",
        "standard-webhooks-v1a",
      ])
  }

  @Test func theReceiverTakesThemAndNoTamperedOnes() async throws {
    let configuration = try Self.configuration()
    let publisher = TakesAll()
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let receiver = try Receiver(
      configuration, logger: logger,
      publisher: { report in
        publisher.attach(report)
        return publisher
      })
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(services: [.init(service: receiver)], logger: logger)
    )
    let run = Task { try await group.run() }
    let port = try await receiver.ports.value().webhooks
    let session = try HTTPSession()
    for name in Self.uses.filter(\.canBeSigned).map(\.name) + Self.own {
      for isTampered in [false, true] {
        let before = publisher.events.count
        let send = try Self.plan(configuration, name, port: port, isTampered: isTampered)
        let report = try await send.run(session)
        #expect(report.unexpected == 0, "\(name) \(isTampered ? "tampered" : ""): \(report)")
        #expect(report.sent == send.plan.order.count)
        guard !isTampered else {
          let refused: [String: Int] = ["401": report.sent]
          #expect(report.answers == refused, "\(name): \(report.answers)")
          #expect(publisher.events.count == before)
          continue
        }
        let taken: [String: Int] = ["\(send.provider.successStatus)": report.sent]
        #expect(report.answers == taken)
        // A duplicate has the id of its event, and every event has a key of its own provider.
        let events = publisher.events.dropFirst(before)
        #expect(Set(events.map(\.id)).count == 6, "\(name): \(events.map(\.id))")
        if !Self.own.contains(name) { #expect(events.allSatisfy { $0.key != nil }, "\(name)") }
      }
    }
    await session.close()
    await group.triggerGracefulShutdown()
    try await run.value
  }

  @Test func whatCannotBeSignedSaysWhy() throws {
    for use in Self.uses where !use.canBeSigned {
      let text = """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        sources:
        \(use.source)
        """
      let configuration = try Configuration.parse(
        text: text, file: "test.yaml", environment: [:], scope: .receiver)
      let error = #expect(throws: CommandError.self, "\(use.name)") {
        try Self.plan(configuration, use.name)
      }
      let reason = error?.description ?? ""
      let first = try Provider.named(use.provider).schemes.first
      let scheme = try #require(use.scheme ?? first?.name)
      #expect(reason.contains(scheme), "\(reason)")
      #expect(reason.contains("private") || reason.contains("TLS certificate"), "\(reason)")
    }
  }

  @Test func whoeverMaySendHasNothingToTamperWith() throws {
    let configuration = try Configuration.parse(
      text: """
        kafka: {bootstrap_servers: "127.0.0.1:1"}
        sources: {open: {provider: hmac, signature: {algorithm: none}}}
        """, file: "test.yaml", environment: [:], scope: .receiver)
    #expect(try Self.plan(configuration, "open").request(0).headers["Content-Type"] != nil)
    #expect(throws: CommandError.self) {
      try Self.plan(configuration, "open", isTampered: true)
    }
  }

  @Test func secretsInBodies() {
    #expect(SecretText.escaped("a\"\\\n", in: "application/json") == #"a\"\\\u000A"#)
    #expect(SecretText.escaped("<&", in: "text/xml") == "&lt;&amp;")
    #expect(SecretText.escaped("ä b", in: "application/x-www-form-urlencoded") == "%C3%A4%20b")
    #expect(SecretText.escaped("\"<&", in: "text/plain") == "\"<&")
  }

  @Test func plansAreRepeatable() {
    let plan = SendPlan(count: 100, duplicates: 0.3, isShuffled: true, seed: 5)
    #expect(plan == SendPlan(count: 100, duplicates: 0.3, isShuffled: true, seed: 5))
    #expect(plan != SendPlan(count: 100, duplicates: 0.3, isShuffled: true, seed: 6))
    #expect(Set(plan.order) == Set(0..<100))
    #expect(plan.order.count > 110 && plan.order.count < 150)
    #expect(
      SendPlan(count: 3, duplicates: 1, isShuffled: false, seed: 1).order == [0, 0, 1, 1, 2, 2])
  }

  @Test func placeholders() throws {
    let values = ["n": "1", "id": "2"]
    #expect(
      SampleRenderer.filled(#"{"a":{n},"b":{"c":"{id}"},"d":{x}}"#, values)
        == #"{"a":1,"b":{"c":"2"},"d":{x}}"#)
    #expect(SampleRenderer.filled("{{n}}{", values) == "{1}{")
    let stripe = try #require(try ProviderSettings.builtIn("stripe"))
    let renderer = SampleRenderer(
      samples: stripe.samples, secret: "s", seed: 3, startMs: 1_700_000_000_000)
    #expect(renderer.request(4) == renderer.request(4))
    #expect(renderer.request(4) != renderer.request(6))
    #expect(
      String(decoding: renderer.request(0).body, as: UTF8.self).contains("evt_1700000000000000"))
  }

  @Test func percentiles() {
    var report = SendReport()
    for index in 1...100 {
      report.note(status: 200, isSuccess: true, isExpected: true, timeMs: Double(index))
    }
    report.note(status: 503, isSuccess: false, isExpected: false, timeMs: 1000)
    report.noteFailure("timeout")
    #expect(report.percentileMs(0.5) == 51)
    #expect(report.percentileMs(0.99) == 100)
    let counts: [Int] = [report.sent, report.accepted, report.refused, report.failed]
    #expect(counts == [102, 100, 1, 1])
    #expect(report.unexpected == 2)
    let wanted: [String: Int] = ["200": 100, "503": 1, "timeout": 1]
    #expect(report.answers == wanted)
  }
}
