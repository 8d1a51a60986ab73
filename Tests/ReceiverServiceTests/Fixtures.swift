// A receiver on loopback, and a publisher under the test's control.

import AdminServer
import Foundation
import Glibc
import Logging
import Model
import NIOPosix
import ServiceLifecycle
import Providers
import Settings
import Signatures
import Synchronization
import Telemetry

@testable import ReceiverService

struct Failed: Error, CustomStringConvertible {
  let description: String
}

/// Runs blocking code where it blocks nobody: a queue of its own has a thread of its own.
func offPool<Result: Sendable>(
  _ body: @escaping @Sendable () throws -> Result
) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue(label: "test.blocking").async {
      continuation.resume(with: Swift.Result { try body() })
    }
  }
}

/// A publisher that the test plays: it takes, refuses, and reports when told to.
final class FakePublisher: EventPublisher {
  struct Published: Sendable {
    let key: String?
    let value: String
    let headers: HeaderList
    let ticket: UInt64
  }

  private struct Contents {
    var published: [Published] = []
    var refusals: [Rejection?] = []
    var report: (@Sendable ([PublishReport]) -> Void)?
    var reportsAtOnce = true
    var isClosed = false
  }

  private let contents = Mutex(Contents())
  private let stream: AsyncStream<Published>
  private let continuation: AsyncStream<Published>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  var published: [Published] { contents.withLock { $0.published } }
  var isClosed: Bool { contents.withLock { $0.isClosed } }

  func attach(_ report: @escaping @Sendable ([PublishReport]) -> Void) {
    contents.withLock { $0.report = report }
  }

  /// From now on reports come only from `report`.
  func holdReports() { contents.withLock { $0.reportsAtOnce = false } }

  /// What the next calls answer, nil for taken.
  func refuse(_ refusals: [Rejection?]) { contents.withLock { $0.refusals = refusals } }

  /// Waits until so many more events were taken.
  func next(_ count: Int = 1) async -> [Published] {
    var found: [Published] = []
    for await one in stream {
      found.append(one)
      if found.count == count { break }
    }
    return found
  }

  func report(_ published: [Published], _ rejection: Rejection? = nil) {
    let report = contents.withLock { $0.report }
    report?(published.map { PublishReport(ticket: $0.ticket, rejection: rejection) })
  }

  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    let one = Published(
      key: key.map { String(decoding: $0, as: UTF8.self) },
      value: String(decoding: value, as: UTF8.self), headers: headers, ticket: ticket)
    let (refusal, report) = contents.withLock { contents in
      let refusal = contents.refusals.isEmpty ? nil : contents.refusals.removeFirst()
      if refusal == nil { contents.published.append(one) }
      return (refusal, contents.reportsAtOnce ? contents.report : nil)
    }
    guard refusal == nil else { return refusal }
    continuation.yield(one)
    report?([PublishReport(ticket: ticket, rejection: nil)])
    return nil
  }

  func close(timeoutMs: Int) -> Int {
    contents.withLock { $0.isClosed = true }
    return 0
  }
}

/// A receiver that runs until the closure ends.
struct Harness: Sendable {
  let receiver: Receiver
  let ports: Receiver.Ports
  let registry: MetricRegistry
  /// Begins a graceful shutdown, as SIGTERM would.
  let shutDown: @Sendable () async -> Void
  /// The end of `run`.
  let ended: Milestone<Void>

  static let url = "https://hooks.example.com/hooks/crm"
  static let secret = "8b1a9953c4611296a827abf8c47804d7"

  /// `publisher`: takes the place of Kafka. `lines`: settings of `receiver:`; `crm`: of that
  /// source; `sources`: more of them. `file`: written there, and read again when it changes.
  /// `producer`: Kafka, with a configuration that the receiver itself knows nothing of.
  static func with(
    publisher: FakePublisher? = nil, kafka: String = "127.0.0.1:1", _ lines: [String] = [],
    properties: [String] = [], crm: [String] = [], sources: [String] = [], file: String? = nil,
    producer: Configuration? = nil,
    logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
    _ body: @Sendable (Harness) async throws -> Void
  ) async throws {
    let registry = MetricRegistry()
    let text = yaml(kafka: kafka, lines, properties, crm: crm, sources)
    if let file { try text.write(toFile: file, atomically: true, encoding: .utf8) }
    var factory: Receiver.PublisherFactory?
    if let publisher {
      factory = { report in
        publisher.attach(report)
        return publisher
      }
    } else if let producer {
      factory = { report in
        try KafkaPublisher(
          producer, on: MultiThreadedEventLoopGroup.singleton.next(), onReports: report,
          onEvent: { _ in })
      }
    }
    let receiver = try Receiver(
      try parsed(text), logger: logger, registry: registry, publisher: factory,
      changes: file.map { .file($0, environment: [:]) })
    let ended = Milestone<Void>()
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          ServiceGroupConfiguration.ServiceConfiguration(
            service: receiver, successTerminationBehavior: .gracefullyShutdownGroup)
        ], logger: logger))
    let run = Task {
      do {
        try await group.run()
        ended.reach(.success(()))
      } catch {
        ended.reach(.failure(error))
      }
    }
    let harness = Harness(
      receiver: receiver, ports: try await receiver.ports.value(), registry: registry,
      shutDown: { await group.triggerGracefulShutdown() }, ended: ended)
    let result: Result<Void, any Error>
    do { result = .success(try await body(harness)) } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    await run.value
    try result.get()
  }

  static func configuration(
    kafka: String, _ lines: [String], _ properties: [String] = [], crm: [String] = []
  ) throws -> Configuration {
    try parsed(yaml(kafka: kafka, lines, properties, crm: crm))
  }

  private static func parsed(_ text: String) throws -> Configuration {
    try Configuration.parse(text: text, file: "test.yaml", environment: [:], scope: .receiver)
  }

  static func yaml(
    kafka: String = "127.0.0.1:1", _ lines: [String], _ properties: [String] = [],
    crm: [String] = [], _ sources: [String] = []
  ) -> String {
    let text = """
      kafka:
        bootstrap_servers: "\(kafka)"
        topics: { events: events }
        properties: { \(properties.joined(separator: ", ")) }
      receiver:
        listen_address: 127.0.0.1
        port: 0
        admin_port: 0
        threads: 1
        drain_grace_ms: 0
        drain_timeout_ms: 3000
      \(lines.map { "  " + $0 }.joined(separator: "\n"))
      sources:
        crm:
          provider: hubspot
          secrets: ["text:older", "text:\(secret)"]
          public_url: \(url)
      \(crm.map { "    " + $0 }.joined(separator: "\n"))
        std:
          provider: standard-webhooks
          secrets: ["text:whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
        own:
          provider: hmac
          secrets: ["text:s3cret"]
          signature: { header: X-Sig, signed: "{body}" }
          event: { id: "header:X-Id", object: "text:issue", record_id: "json:/issue/id" }
      \(sources.map { "  " + $0 }.joined(separator: "\n"))
      """
    return text
  }

  func connect() async throws -> Sender {
    let port = ports.webhooks
    return try await offPool { try Sender(port: port) }
  }

  /// One signed request on a connection of its own.
  func post(_ body: String) async throws -> Answer {
    let sender = try await connect()
    try await sender.send(Self.request(body))
    return try await sender.answer()
  }

  /// A whole signed request to the source `crm`.
  static func request(_ body: String, headers extra: [(String, String)] = []) throws -> String {
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    let headers = try Signer(Scheme.builtIn("hubspot-v3"), secret: secret, publicURL: url)
      .headers(target: "/hooks/crm", body: Array(body.utf8), nowMs: now)
    return request(body, path: "/hooks/crm", headers: headers + extra)
  }

  static func request(
    _ body: String, path: String, method: String = "POST", headers: [(String, String)] = []
  ) -> String {
    let lines = headers.map { "\($0): \($1)\r\n" }.joined()
    return "\(method) \(path) HTTP/1.1\r\nHost: hooks.example.com\r\n"
      + "Content-Type: application/json\r\n\(lines)"
      + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }

  func admin(_ path: String) async throws -> Answer {
    let port = ports.admin
    let sender = try await offPool { try Sender(port: port) }
    try await sender.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n")
    return try await sender.answer()
  }

  /// The metrics as soon as they are as wanted, or after ten seconds as they are.
  func metrics(until isWanted: @escaping (String) -> Bool) async throws -> String {
    let text = try await admin("/metrics", until: { isWanted($0.body) }).body
    if !isWanted(text) { throw Failed(description: "never came:\n\(text)") }
    return text
  }

  /// What a series has in the text of the metrics; 0 where it is not there.
  static func figure(_ series: String, in text: String) -> Double {
    let line = text.split(separator: "\n").first { $0.hasPrefix(series + " ") }
    return line?.split(separator: " ").last.flatMap { Double($0) } ?? 0
  }

  /// Asks again until the answer is as wanted.
  func admin(_ path: String, until isWanted: (Answer) -> Bool) async throws -> Answer {
    let end = ContinuousClock.now + .seconds(10)
    while true {
      let answer = try await admin(path)
      if isWanted(answer) || ContinuousClock.now > end { return answer }
      await Task.yield()
    }
  }
}

/// HubSpot bodies.
enum Bodies {
  static func event(_ object: Int, id: Int = 1) -> String {
    #"{"eventId":\#(id),"portalId":62515,"occurredAt":1700000000123,"#
      + #""subscriptionType":"contact.creation","attemptNumber":0,"objectId":\#(object)}"#
  }

  static func events(_ objects: ClosedRange<Int>) -> String {
    "[" + objects.map { event($0) }.joined(separator: ",") + "]"
  }
}
