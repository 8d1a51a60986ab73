// Requests that the providers' own SDKs signed, sent to a running receiver.
import Foundation
import Kafka
import Model
import Testing

@Suite(.timeLimit(.minutes(3)), .serialized) struct SDKTests {
  /// A source, and what an SDK signs its requests with.
  struct Source {
    let name: String
    let provider: String
    let secret: String
    let wrong: String
    /// What the configuration has instead of the secret: a public key.
    var publicKey: String?
    var schemes: [String] = []

    var url: String { "https://hooks.example.com/hooks/\(name)" }
  }

  static let shared: [Source] = [
    Source(name: "stripe", provider: "stripe", secret: "whsec_right", wrong: "whsec_wrong"),
    Source(
      name: "standard", provider: "standard-webhooks",
      secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
      wrong: "whsec_AfKQ9r8GKYqrTwjUPD8ILPZIo2La"),
    Source(
      name: "svix", provider: "svix", secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
      wrong: "whsec_D2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
    Source(name: "slack", provider: "slack", secret: "8f742231b10e", wrong: "8f742231b10f"),
    Source(name: "twilio", provider: "twilio", secret: "twilio-token", wrong: "twilio-tokem"),
    Source(name: "hubspot", provider: "hubspot", secret: "client-secret", wrong: "client"),
    Source(
      name: "hubspot-old", provider: "hubspot", secret: "older-secret", wrong: "older",
      schemes: ["hubspot-v1", "hubspot-v2"]),
    Source(name: "adyen", provider: "adyen", secret: "44782DEF547AAA", wrong: "44782DEF547AAB"),
    Source(
      name: "adyen-platform", provider: "adyen-platform", secret: "11223344D785FBAE",
      wrong: "11223344D785FBAF"),
  ]

  /// Source, dedup key, record and what verified it; the source is the tenant where the provider
  /// names none. The Slack challenge is no event.
  static let expected: Set<String> = [
    "stripe evt_1 acct_1/customer/cus_1 stripe-v1#0",
    "standard msg_standard standard/contact/c1 standard-webhooks-v1#0",
    "svix msg_svix svix/user/user_1 svix-v1#0",
    "svix msg_plain svix/user/user_2 svix-v1-unbranded#0",
    "slack Ev1 T1/channel/C1 slack-v0#0",
    "slack 13.37 T1/channel/C2 slack-v0#0",
    "twilio SM1,delivered AC1/message/SM1 twilio-form#0",
    "twilio SM2,delivered AC1/message/SM2 twilio-form#0",
    "twilio SM3,delivered AC1/message/SM3 twilio-form-sha256#0",
    "twilio EZ1 AC1/message/SM9 twilio-body#0",
    "twilio EZ2 AC1/message/SM9 twilio-body-sha256#0",
    "hubspot 62515,contact.creation,101,3,1700000000000 62515/contact/101 hubspot-v3#0",
    "hubspot-old 62515,contact.creation,101,2,1700000000000 62515/contact/101 hubspot-v2#0",
    "hubspot-old 62515,contact.creation,101,1,1700000000000 62515/contact/101 hubspot-v1#0",
    "adyen psp1,AUTHORISATION,true Shop/payment/psp1 adyen-item-hmac#0",
    "adyen psp2,REFUND,true Shop/payment/psp1 adyen-item-hmac#0",
    "adyen-platform balancePlatform.transfer.created,TR1,2026-01-02T03:04:05Z,authorised "
      + "Shop/transfer/TR1 adyen-body-hmac#0",
    "sendgrid sg1 sendgrid/message/m1 sendgrid-ecdsa#0",
  ]
  static let cases = 18

  @Test func whatSDKsSignIsTakenInAndNothingElse() async throws {
    let checkout = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let python = checkout.appending(path: ".venv/bin/python").path
    try #require(
      FileManager.default.isExecutableFile(atPath: python), "no \(python): run `make deps`")
    let script = checkout.appending(path: "Tests/IntegrationTests/Clients/sdk_clients.py").path
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("events", partitions: 4)
    let directory = try TemporaryDirectory()
    let sources = try await Self.shared + [Self.sendGrid(directory)]
    let config = try directory.write("hookferry.yaml", Self.configuration(cluster, sources))
    let secrets = sources.map {
      ($0.name, ["secret": $0.secret, "wrong": $0.wrong, "url": $0.url])
    }
    let json = try JSONEncoder().encode(Dictionary(uniqueKeysWithValues: secrets))

    let receiver = try Program("hookferry-receiver", ["--config", config])
    let line = try await receiver.line(containing: "listening")
    let port = try #require(LogLine(line)?.fields["port"] as? Int)
    let clients = try await RejectsTests.run(
      "/usr/bin/timeout",
      [
        "-k", "2", "150", python, script, "http://127.0.0.1:\(port)",
        String(decoding: json, as: UTF8.self),
      ])
    receiver.send(SIGTERM)
    #expect(await receiver.exitStatus() == 0)

    let bad = clients.text.split(separator: "\n").filter { !$0.hasPrefix("ok ") }
    #expect(clients.status == 0, "\(bad.joined(separator: "\n"))")
    // As signed, with a byte changed, with the wrong secret.
    let good = clients.text.split(separator: "\n").filter { $0.hasPrefix("ok ") }
    #expect(good.count == Self.cases * 3)
    let events = try Self.read(cluster)
    #expect(events.count == Self.expected.count)
    #expect(Set(events).subtracting(Self.expected) == [])
    #expect(Self.expected.subtracting(events) == [])
  }

  /// The key pair is made afresh.
  static func sendGrid(_ directory: borrowing TemporaryDirectory) async throws -> Source {
    func privateKey() async throws -> String {
      try await RejectsTests.run(
        "/usr/bin/openssl",
        ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
      ).text
    }
    let secret = try await privateKey()
    let file = try directory.write("sendgrid.pem", secret)
    let shown = try await RejectsTests.run("/usr/bin/openssl", ["pkey", "-in", file, "-pubout"])
    // As SendGrid shows it: the base64 without the lines around it.
    let publicKey = shown.text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
    return Source(
      name: "sendgrid", provider: "sendgrid", secret: secret, wrong: try await privateKey(),
      publicKey: publicKey)
  }

  static func configuration(_ cluster: MockCluster, _ sources: [Source]) -> String {
    let head = """
      kafka:
        bootstrap_servers: "\(cluster.bootstrapServers)"
        topics: { events: events }
      receiver:
        listen_address: 127.0.0.1
        port: 0
        admin_port: 0
        drain_grace_ms: 0
        # Slack waits for no longer than 3 s.
        request_deadline_ms: 2900
        message_timeout_ms: 2800
      sources:

      """
    return sources.reduce(into: head) { text, source in
      text += """
          \(source.name):
            provider: \(source.provider)
            secrets: ["text:\(source.publicKey ?? source.secret)"]
            public_url: \(source.url)

        """
      if !source.schemes.isEmpty {
        text += "    schemes: [\(source.schemes.joined(separator: ", "))]\n"
      }
    }
  }

  /// Everything in the topic, up to the ends that the broker tells.
  static func read(_ cluster: MockCluster) throws -> [String] {
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "reader"))
    defer { consumer.close(timeoutMs: 2000) }
    let partitions = (0..<4).map { TopicPartition("events", $0) }
    var missing: Int64 = 0
    for partition in partitions {
      missing += try consumer.watermarks(partition, timeoutMs: 5000).high
    }
    try consumer.assign(partitions.map { PartitionOffset($0, 0) })
    var found: [String] = []
    // Each poll waits up to 100 ms: 10 s in all.
    for _ in 0..<100 where found.count < missing {
      for case .records(_, let records) in consumer.poll(recordsMax: 1000, timeoutMs: 100) {
        for record in records {
          let event = try Event(headers: record.headers)
          let key = try #require(event.key)
          #expect(record.key == key.encoded)
          found.append("\(event.source) \(event.id) \(key) \(event.verifiedBy)")
        }
      }
    }
    return found
  }
}
