// From the moment at which a webhook was to be sent to the commit of its row: receiver, Kafka,
// consumer, API and SQLite.

import ConsumerService
import FoundationEssentials
import HTTPClient
import Logging
import Providers
import ReceiverService
import ServiceLifecycle
import Settings
import Signatures
import Synchronization
import Telemetry

/// Sends webhooks at a steady rate, whether earlier ones were answered or not.
package struct LatencyBenchmark {
  package var servers: String
  package var url: String
  package var perSecond: Int
  package var seconds: Int
  package var records = 5000

  private static let secret = "benchmark-client-secret"
  private static let publicURL = "https://hooks.example.com/hooks/crm"
  /// The events' ids begin here, so that they are found again.
  private static let firstId = 9_000_000_000
  private static let lastWaitS = 20

  package init(servers: String, url: String, perSecond: Int, seconds: Int) {
    self.servers = servers
    self.url = url
    self.perSecond = max(perSecond, 1)
    self.seconds = max(seconds, 1)
  }

  /// Prints percentiles in milliseconds; the first second is not counted.
  package func report(_ name: String) async throws {
    let directory = FileManager.default.temporaryDirectory.appending(
      path: "hookferry-bench-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let configuration = try Configuration.parse(
      text: yaml(directory.path), file: "hookferry.yaml", environment: [:])
    let log = Logger.program(label: "hookferry-bench", level: .error)
    let arrivals = Arrivals(count: perSecond * seconds)
    let (assigned, formed) = AsyncStream<Void>.makeStream()
    let receiver = try Receiver(configuration, logger: log)
    let consumer = ConsumerService(configuration, log: log) { progress in
      switch progress {
      case .assigned: formed.yield()
      case .finished(let id, _): Self.index(of: id).map { arrivals.arrived($0) }
      default: break
      }
    }
    let group = ServiceGroup(services: [receiver, consumer], logger: log)
    let running = Task { try await group.run() }
    let port = try await receiver.ready.value().webhooks
    for await _ in assigned { break }
    try await send(port: port, arrivals)
    await arrivals.waitForAll(seconds: Self.lastWaitS)
    await group.triggerGracefulShutdown()
    _ = await running.result
    try tell(name, arrivals)
  }

  private func tell(_ name: String, _ arrivals: Arrivals) throws {
    let latencies = arrivals.latenciesUs(skipping: perSecond)
    let missing = perSecond * seconds - arrivals.arrivedCount
    guard !latencies.isEmpty else { throw BenchmarkError(description: "nothing arrived") }
    func percentile(_ share: Double) -> String {
      let index = min(latencies.count - 1, Int(Double(latencies.count) * share))
      return BenchmarkOutput.decimal(Double(latencies[index]) / 1000)
    }
    BenchmarkOutput.line(
      "\(name) p50 \(percentile(0.5)) ms, p99 \(percentile(0.99)) ms, max \(percentile(1)) ms, "
        + "\(latencies.count) events at \(perSecond)/s, missing \(missing)")
  }

  /// `9000000017,…`: the position of the event with this id.
  private static func index(of id: String) -> Int? {
    id.split(separator: ",").lazy.compactMap { Int($0) }.first { $0 >= firstId }
      .map { $0 - firstId }
  }

  // MARK: Sending

  /// One connection a request that is under way, kept for the next.
  private func send(port: Int, _ arrivals: Arrivals) async throws {
    let signer = try Signer(
      Scheme.builtIn("hubspot-v3"), secret: Self.secret, publicURL: Self.publicURL)
    let session = try HTTPSession(
      HTTPLimits(connectionsPerHostMax: 256, connectionsMax: 256, waitingMax: 100_000))
    let start = ContinuousClock.now + .milliseconds(50)
    let startUs = SystemClock.wallUs + 50_000
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<(perSecond * seconds) {
        let offsetUs = Int64(number) * 1_000_000 / Int64(perSecond)
        try? await Task.sleep(
          until: start + .microseconds(offsetUs), tolerance: .zero, clock: .continuous)
        arrivals.intend(number, atUs: startUs + offsetUs)
        guard let request = try? self.request(number, port, signer) else { continue }
        group.addTask {
          let response = try? await session.send(request)
          if response.map({ 200..<300 ~= $0.status }) != true { arrivals.refused() }
        }
      }
    }
    await session.close()
    if arrivals.refusedCount > 0 {
      BenchmarkOutput.line("\(arrivals.refusedCount) webhooks were not accepted")
    }
  }

  private func request(_ number: Int, _ port: Int, _ signer: Signer) throws -> HTTPRequest {
    let body = Array(
      """
      [{"eventId":\(Self.firstId + number),"subscriptionId":1,"portalId":62515,"appId":1,\
      "occurredAt":\(SystemClock.wallMs),"subscriptionType":"contact.propertyChange",\
      "attemptNumber":0,"objectId":\(1 + number * 7919 % records),\
      "propertyName":"email","propertyValue":"a@example.com"}]
      """.utf8)
    let headers = try signer.headers(
      method: "POST", target: "/hooks/crm", body: body, nowMs: SystemClock.wallMs)
    var request = HTTPRequest(
      method: "POST", url: "http://127.0.0.1:\(port)/hooks/crm",
      headers: ["Content-Type": "application/json"], body: body)
    for (name, value) in headers { request.headers.append(name, value) }
    return request
  }

  private func yaml(_ directory: String) -> String {
    """
    kafka:
      bootstrap_servers: "\(servers)"
      properties:
        # The mock broker lets a waiting fetch wait on when something comes; real ones do not.
        fetch.wait.max.ms: "5"
    receiver:
      listen_address: 127.0.0.1
      port: 0
      admin_port: 0
      drain_grace_ms: 0
    sources:
      crm:
        provider: hubspot
        secrets: ["text:\(Self.secret)"]
        public_url: \(Self.publicURL)
    consumer:
      group_id: bench
      listen_address: 127.0.0.1
      admin_port: 0
    pipelines:
      crm-to-warehouse:
        from: crm
        fetch:
          provider: hubspot
          base_url: \(url)
          token: "text:token"
          batch_ids_max: 1
        to: warehouse
    sinks:
      warehouse:
        sqlite: "\(directory)/bench.db"

    """
  }
}

/// When events were to be sent, and when they had arrived.
private final class Arrivals: Sendable {
  private struct State {
    var intendedUs: [Int64]
    var arrivedUs: [Int64]
    var arrived = 0
    var refused = 0
  }

  private let state: Mutex<State>

  init(count: Int) {
    state = Mutex(
      State(
        intendedUs: Array(repeating: 0, count: count),
        arrivedUs: Array(repeating: 0, count: count)))
  }

  var arrivedCount: Int { state.withLock { $0.arrived } }
  var refusedCount: Int { state.withLock { $0.refused } }

  func intend(_ number: Int, atUs: Int64) { state.withLock { $0.intendedUs[number] = atUs } }

  func refused() { state.withLock { $0.refused += 1 } }

  func arrived(_ number: Int) {
    let nowUs = SystemClock.wallUs
    state.withLock { state in
      guard state.arrivedUs.indices.contains(number), state.arrivedUs[number] == 0 else { return }
      state.arrivedUs[number] = nowUs
      state.arrived += 1
    }
  }

  func waitForAll(seconds: Int) async {
    for _ in 0..<(seconds * 20) {
      if state.withLock({ $0.arrived == $0.arrivedUs.count }) { return }
      try? await Task.sleep(for: .milliseconds(50))
    }
  }

  /// Sorted.
  func latenciesUs(skipping first: Int) -> [Int64] {
    state.withLock { state in
      state.arrivedUs.indices.dropFirst(first).compactMap {
        state.arrivedUs[$0] > 0 ? state.arrivedUs[$0] - state.intendedUs[$0] : nil
      }.sorted()
    }
  }
}
