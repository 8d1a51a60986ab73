// Kill -9 of a receiver that keeps events on disk while there is no broker: what was answered with
// 2xx is in the topic after the next start, each key in order.
import Foundation
import Glibc
import Kafka
import Model
import Providers
import Signatures
import Testing

@Suite(.serialized) struct SpoolKillTests {
  static let secret = "spool-secret"

  @Test(.timeLimit(.minutes(1)), arguments: [1, 2])
  func aKilledReceiverLosesNothingThatItAnsweredFor(seed: UInt64) async throws {
    let directory = try TemporaryDirectory()
    var random = SplitMix64(seed: seed)
    var accepted: [Int: [Int]] = [:]
    var sent = 0

    // Nobody listens on port 1. Each receiver is killed in the middle of its work.
    for round in 0..<3 {
      let (receiver, port) = try await Self.start(directory, kafka: "127.0.0.1:1")
      let killAfter = 40 + Int(random.next() % 40)
      let answers = await withTaskGroup(of: [(key: Int, number: Int)].self) { group in
        let numbers = sent..<(sent + 200)
        // One sender a key: what it sends is in order.
        for key in 0..<4 {
          group.addTask {
            var good: [(Int, Int)] = []
            for number in numbers where number % 4 == key {
              guard await Self.post(key, number, port: port) == 200 else { break }
              good.append((key, number))
              if number % 200 >= killAfter { receiver.send(SIGKILL) }
            }
            return good
          }
        }
        return await group.reduce(into: []) { $0 += $1 }
      }
      sent += 200
      #expect(await receiver.exitStatus() == -9, "round \(round)")
      #expect(!answers.isEmpty)
      for (key, number) in answers { accepted[key, default: []].append(number) }
    }

    let cluster = try MockCluster.start()
    defer { cluster.close() }
    try cluster.createTopic("hookferry.events")
    let (receiver, _) = try await Self.start(directory, kafka: cluster.bootstrapServers)
    let stored = try Self.read(cluster, until: Set(accepted.values.joined()))
    receiver.send(SIGTERM)
    _ = await receiver.exitStatus()
    for (key, numbers) in accepted {
      var seen: Set<Int> = []
      let inTopic = (stored[key] ?? []).filter { seen.insert($0).inserted }
      #expect(inTopic == inTopic.sorted(), "seed \(seed): key \(key) out of order")
      #expect(Set(numbers).isSubset(of: seen), "seed \(seed): key \(key) lost events")
    }
  }

  static func start(
    _ directory: borrowing TemporaryDirectory, kafka: String
  ) async throws -> (Program, Int) {
    let config = try directory.write(
      "hookferry.yaml",
      """
      kafka:
        bootstrap_servers: "\(kafka)"
      receiver:
        listen_address: 127.0.0.1
        port: 0
        admin_port: 0
        drain_grace_ms: 0
        spool: { path: "\(directory.path("spool.db"))", after_ms: 100 }
      sources:
        crm:
          provider: hubspot
          secrets: ["text:\(secret)"]
          public_url: https://hooks.example.com/hooks/crm
          spool: sqlite

      """)
    let receiver = try Program("hookferry-receiver", ["--config", config])
    let line = try await receiver.line(containing: "listening")
    return (receiver, try #require(LogLine(line)?.fields["port"] as? Int))
  }

  /// The status; 0 when the connection broke.
  static func post(_ key: Int, _ number: Int, port: Int) async -> Int {
    let body =
      #"[{"eventId":\#(number),"portalId":1,"occurredAt":1700000000000,"#
      + #""subscriptionType":"contact.creation","attemptNumber":0,"objectId":\#(key)}]"#
    let signer = try? Signer(
      Scheme.builtIn("hubspot-v3"), secret: secret, publicURL: "https://hooks.example.com/hooks/crm"
    )
    let headers = try? signer?.headers(
      target: "/hooks/crm", body: Array(body.utf8),
      nowMs: Int64(Date().timeIntervalSince1970 * 1000))
    let lines = (headers ?? []).map { "\($0): \($1)\r\n" }.joined()
    let request =
      "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\(lines)"
      + "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    return await withCheckedContinuation { continuation in
      DispatchQueue(label: "test.post").async {
        continuation.resume(returning: exchange(Array(request.utf8), port: port))
      }
    }
  }

  private static func exchange(_ request: [UInt8], port: Int) -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isConnected = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) } == 0
    }
    guard isConnected, send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) > 0 else {
      return 0
    }
    var answer = [UInt8](repeating: 0, count: 4096)
    let count = recv(descriptor, &answer, answer.count, 0)
    // "HTTP/1.1 200"
    guard count > 12 else { return 0 }
    return Int(String(decoding: answer[9..<12], as: UTF8.self)) ?? 0
  }

  /// The numbers of each key as they stand in the topic, once all of `wanted` are there, or what
  /// comes in time. Events whose sender had no answer may be there too.
  static func read(_ cluster: MockCluster, until wanted: Set<Int>) throws -> [Int: [Int]] {
    let consumer = try Consumer(
      ConsumerOptions(bootstrapServers: cluster.bootstrapServers, groupId: "reader"))
    defer { _ = consumer.close(timeoutMs: 2000) }
    try consumer.assign(
      (0..<4).map { PartitionOffset(TopicPartition("hookferry.events", $0), 0) })
    var stored: [Int: [Int]] = [:]
    var missing = wanted
    for _ in 0..<150 where !missing.isEmpty {
      for case .records(_, let records) in consumer.poll(recordsMax: 1000, timeoutMs: 100) {
        for record in records {
          let object = try JSONSerialization.jsonObject(with: Data(record.value))
          let fields = try #require(object as? [String: Any])
          let key = try #require(fields["objectId"] as? Int)
          let number = try #require(fields["eventId"] as? Int)
          missing.remove(number)
          stored[key, default: []].append(number)
        }
      }
    }
    return stored
  }
}
