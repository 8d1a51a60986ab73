// A wrong secret, noticed and mended: what was refused meanwhile is looked at and taken in.
import Foundation
import Kafka
import Model
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized) struct RejectsTests {
  static let secret = "the-right-secret"
  static let bearer = "a-bearer-token-of-somebody"

  @Test func aMendedSecretTakesInWhatWasRefused() async throws {
    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("events", partitions: 4)
    try cluster.createTopic("rejects", partitions: 1)
    let directory = try TemporaryDirectory()
    let wrong = try Self.configuration(cluster, secret: "an-old-secret", in: directory)
    let receiver = try Program("hookferry-receiver", ["--config", wrong])
    let line = try await receiver.line(containing: "listening")
    let port = try #require(LogLine(line)?.fields["port"] as? Int)
    for number in 1...3 {
      #expect(try await Self.post(number, port: port) == 401)
    }
    receiver.send(SIGTERM)
    #expect(await receiver.exitStatus() == 0)

    let list = try await Self.run(["rejects", "list", "--config", wrong, "--json"])
    #expect(list.status == 0)
    #expect(list.text.components(separatedBy: "signature_mismatch").count == 4, "\(list.text)")
    #expect(!list.text.contains(Self.bearer))
    let stillWrong = try await Self.run(["rejects", "verify", "--config", wrong])
    #expect(stillWrong.status == 1)
    #expect(stillWrong.text.contains("3 still refused"))

    let right = try Self.configuration(cluster, secret: Self.secret, in: directory)
    let verified = try await Self.run(["rejects", "verify", "--config", right])
    #expect(verified.status == 0, "\(verified.text)")
    #expect(verified.text.contains("3 of 3 requests would be taken in, 3 events"))
    for _ in 0..<2 {
      let promoted = try await Self.run(["rejects", "promote", "--config", right])
      #expect(promoted.status == 0, "\(promoted.text)")
    }
    let events = try Self.read(cluster, topic: "events", count: 6)
    #expect(Set(events.map(\.value)) == Set((1...3).map(Self.body)))
    let decoded = try events.map { try Event(headers: $0.headers) }
    // Promoted twice, and dropped by the consumer: the ids are the same.
    #expect(Set(decoded.map(\.id)) == ["d1", "d2", "d3"])
    #expect(decoded.allSatisfy { $0.origin == .redrive && $0.key?.object == "issue" })
    let kept = try Self.read(cluster, topic: "rejects", count: 3)
    #expect(!kept.contains { $0.headers.texts.contains { $0.value.contains(Self.bearer) } })
  }

  static func body(_ number: Int) -> String { #"{"issue":{"id":\#(number)}}"# }

  static func configuration(
    _ cluster: MockCluster, secret: String, in directory: borrowing TemporaryDirectory
  ) throws -> String {
    let text = """
      kafka:
        bootstrap_servers: "\(cluster.bootstrapServers)"
        topics: { events: events, rejects: rejects }
      receiver:
        listen_address: 127.0.0.1
        port: 0
        admin_port: 0
        drain_grace_ms: 0
        rejects: { per_minute_max: 100 }
      sources:
        own:
          provider: hmac
          secrets: ["text:\(secret)"]
          signature: { header: X-Sig, signed: "{body}" }
          event: { id: "header:X-Id", object: "text:issue", record_id: "json:/issue/id" }
      """
    return try directory.write("\(secret).yaml", text)
  }

  /// Signed with the right secret; the status of the answer.
  static func post(_ number: Int, port: Int) async throws -> Int {
    let signature = try await run(
      "/bin/sh",
      ["-c", "printf %s \"$1\" | openssl dgst -sha256 -hmac \"$2\" -r", "sh", body(number), secret])
    let url = "http://127.0.0.1:\(port)/hooks/own"
    let answer = try await run(
      "/usr/bin/curl",
      [
        "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10", "-d", body(number),
        "-H", "X-Sig: \(signature.text.prefix(64))", "-H", "X-Id: d\(number)",
        "-H", "Authorization: Bearer \(bearer)", url,
      ])
    return Int(answer.text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? -1
  }

  static func run(_ arguments: [String]) async throws -> (status: Int32, text: String) {
    let program = try Program("hookferry", arguments)
    _ = await program.line { _ in false }
    return (await program.exitStatus(), program.printed.joined(separator: "\n"))
  }

  /// Any other program, with what it printed.
  static func run(
    _ path: String, _ arguments: [String]
  ) async throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  static func read(
    _ cluster: MockCluster, topic: String, count: Int
  ) throws -> [(value: String, headers: HeaderList)] {
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "reader"))
    defer { consumer.close(timeoutMs: 2000) }
    let partitions: Int32 = topic == "rejects" ? 1 : 4
    try consumer.assign((0..<partitions).map { PartitionOffset(TopicPartition(topic, $0), 0) })
    var found: [(String, HeaderList)] = []
    let end = ContinuousClock.now + .seconds(10)
    while found.count < count, ContinuousClock.now < end {
      for case .records(_, let records) in consumer.poll(recordsMax: 1000, timeoutMs: 200) {
        found += records.map { (String(decoding: $0.value, as: UTF8.self), $0.headers) }
      }
    }
    return found
  }
}
