// A receiver with a spool, over loopback HTTP: what is answered while Kafka is away, and what
// reaches it afterwards.

import Providers
import Foundation
import Kafka
import Model
import Signatures
import Stores
import Testing

@testable import ReceiverService

/// A folder that goes with its test.
final class SpoolFolder: Sendable {
  let path: String

  init() throws {
    path =
      FileManager.default.temporaryDirectory.appendingPathComponent(
        "hookferry-spool-\(UUID().uuidString)"
      ).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func setting(_ more: String = "") -> String {
    "spool: { path: \"\(path)/spool.db\", after_ms: 100\(more) }"
  }

  func rows() throws -> [SpoolFile.Entry] {
    try SpoolFile(path: path + "/spool.db").entries()
  }
}

@Suite(.timeLimit(.minutes(1)), .serialized) struct SpoolTests {
  let publisher = FakePublisher()
  let folder: SpoolFolder

  init() throws { folder = try SpoolFolder() }

  static let spooling = ["spool: sqlite"]

  @Test func whatKafkaRefusesIsKeptAnsweredAndSentLaterInOrder() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, [folder.setting()], crm: Self.spooling) {
      harness in
      // Two of one key in one body: the second is not in Kafka before the first is stored.
      let sender = try await harness.connect()
      try await sender.send(
        Harness.request("[\(Bodies.event(1, id: 1)),\(Bodies.event(1, id: 2))]"))
      let first = await publisher.next(1)
      publisher.report(first, .kafkaRefused)
      #expect(try await sender.answer().status == 200)
      // A third goes behind them, and another key straight on.
      #expect(try await harness.post("[\(Bodies.event(1, id: 3))]").status == 200)
      var rest: [FakePublisher.Published] = []
      for _ in 0..<3 {
        let one = await publisher.next(1)
        publisher.report(one)
        rest += one
      }
      #expect(
        rest.map(\.value) == (1...3).map { Bodies.event(1, id: $0) },
        "drained in the order of arrival")
      #expect(rest[0].headers == first[0].headers)
      // All in one look: what is counted together is not read together.
      _ = try await harness.metrics {
        $0.contains("spool_drained_total{source=\"crm\"} 3\n")
          && $0.contains("hookferry_receiver_spool_rows 0\n")
          && $0.contains("hookferry_receiver_spooled_total{source=\"crm\"} 3\n")
          && $0.contains("hookferry_receiver_events_published_total{source=\"crm\"} 3\n")
      }
    }
    #expect(try folder.rows().isEmpty)
  }

  @Test func aSlowKafkaIsAnsweredForByTheDisk() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, [folder.setting()], crm: Self.spooling) {
      harness in
      #expect(try await harness.post(Bodies.events(1...2)).status == 200)
      let taken = await publisher.next(2)
      // The late reports are good news: nothing is sent twice.
      publisher.report(taken)
      _ = try await harness.metrics { $0.contains("hookferry_receiver_spool_rows 0\n") }
      #expect(publisher.published.count == 2)
    }
  }

  @Test func otherSourcesAreNotSpooled() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, [folder.setting()], crm: Self.spooling) {
      harness in
      let body = #"{"type":"deal.won","data":{"id":"d1"}}"#
      let headers = try Signer(
        Scheme.builtIn("standard-webhooks-v1"), secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
      ).headers(
        target: "/hooks/std", body: Array(body.utf8), id: "m1",
        nowMs: Int64(Date().timeIntervalSince1970 * 1000))
      let sender = try await harness.connect()
      try await sender.send(Harness.request(body, path: "/hooks/std", headers: headers))
      publisher.report(await publisher.next(1), .kafkaTimeout)
      #expect(try await sender.answer().status == 503)
    }
    #expect(try folder.rows().isEmpty)
  }

  @Test func aFullSpoolAnswers503() async throws {
    publisher.holdReports()
    let setting = folder.setting(", rows_max: 2")
    try await Harness.with(publisher: publisher, [setting], crm: Self.spooling) { harness in
      #expect(try await harness.post(Bodies.events(1...2)).status == 200)
      let answer = try await harness.post(Bodies.events(3...3))
      #expect(answer.status == 503)
      #expect(answer.header("Retry-After") != nil)
      let text = try await harness.metrics { $0.contains("reason=\"spool_full\"} 1\n") }
      #expect(text.contains("hookferry_receiver_spool_refused_total{source=\"crm\"} 1\n"))
      publisher.report(publisher.published, .kafkaTimeout)
    }
    #expect(try folder.rows().count == 2)
  }

  /// What is left stays on the disk, and the next start sends it.
  @Test func theNextStartGoesOn() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, [folder.setting()], crm: Self.spooling) {
      harness in
      let answer = try await harness.post(Bodies.events(1...3))
      #expect(answer.status == 200)
    }
    let kept = try folder.rows()
    #expect(kept.count == 3 && kept.allSatisfy { $0.source == "crm" })
    let next = FakePublisher()
    try await Harness.with(publisher: next, [folder.setting()], crm: Self.spooling) { harness in
      let values = await next.next(3).map(\.value)
      #expect(Set(values) == Set((1...3).map { Bodies.event($0) }))
      _ = try await harness.metrics { $0.contains("hookferry_receiver_spool_rows 0\n") }
    }
    #expect(try folder.rows().isEmpty)
  }

  /// Kafka goes away and comes back: everything that was answered with 2xx is there, each key in
  /// order, and the receiver never stops being ready.
  @Test func throughAnOutageOfKafka() async throws {
    let cluster = try KafkaTests.cluster()
    defer { cluster.close() }
    let lines = KafkaTests.times + [folder.setting()]
    try await Harness.with(
      kafka: cluster.bootstrapServers, lines, properties: KafkaTests.properties,
      crm: Self.spooling
    ) { harness in
      _ = try await harness.receiver.ready.value()
      for round in 0..<60 {
        if round == 20 { try cluster.setBroker(1, up: false) }
        if round == 40 {
          #expect(try await harness.admin("/readyz").status == 200)
          try cluster.setBroker(1, up: true)
        }
        let events = (0..<3).map { Bodies.event($0, id: round) }.joined(separator: ",")
        #expect(try await harness.post("[\(events)]").status == 200, "round \(round)")
      }
      _ = try await harness.metrics { $0.contains("hookferry_receiver_spool_rows 0\n") }
      let stored = try await offPool { try KafkaTests.readBack(cluster) }
      for object in 0..<3 {
        var seen: Set<String> = []
        let order = stored.filter { $0.key == "62515/contact/\(object)" }.map(\.value)
          .filter { seen.insert($0).inserted }
        #expect(order == (0..<60).map { Bodies.event(object, id: $0) })
      }
    }
    #expect(try folder.rows().isEmpty)
  }
}
