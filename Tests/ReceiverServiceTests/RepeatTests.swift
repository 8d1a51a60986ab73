// Repeats and rates over loopback HTTP, and Kafka's own figures from the mock cluster.

import Foundation
import Kafka
import Model
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1)), .serialized) struct RepeatTests {
  let publisher = FakePublisher()

  @Test func aRepeatOfAnAcknowledgedEventIsNotPublishedAgain() async throws {
    try await Harness.with(publisher: publisher, crm: ["drop_repeats: true"]) { harness in
      #expect(try await harness.post(Bodies.events(1...2)).status == 200)
      #expect(try await harness.post(Bodies.events(1...2)).status == 200)
      // Of a mixed body only the new part is published.
      #expect(try await harness.post(Bodies.events(2...3)).status == 200)
      #expect(publisher.published.map(\.value) == (1...3).map { Bodies.event($0) })
      let text = try await harness.metrics { _ in true }
      #expect(text.contains("repeats_total{source=\"crm\",first=\"stored\"} 3\n"))
    }
  }

  @Test func theFirstCopyMustHaveBeenStored() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, crm: ["drop_repeats: true"]) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...2)))
      let first = await publisher.next(2)
      publisher.report([first[0]])
      publisher.report([first[1]], .kafkaRefused)
      #expect(try await sender.answer().status == 503)
      try await sender.send(Harness.request(Bodies.events(1...2)))
      publisher.report(await publisher.next(2))
      #expect(try await sender.answer().status == 200)
      #expect(publisher.published.count == 4)
    }
  }

  @Test func byDefaultRepeatsArePublished() async throws {
    try await Harness.with(publisher: publisher) { harness in
      for _ in 0..<2 {
        let answer = try await harness.post(Bodies.events(1...1))
        #expect(answer.status == 200)
      }
      #expect(publisher.published.count == 2)
    }
  }

  /// A retry has this deadline too, and it must outlast all that happens before its report.
  static let hasty = [
    "request_deadline_ms: 2000", "message_timeout_ms: 1500", "socket_timeout_ms: 1000",
  ]

  /// 503 at the deadline, the retry waits for the outcome and shares it; a third is a new event.
  @Test func theRetryOfAnUndecidedEventWaitsForItsEnd() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, Self.hasty) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...1)))
      let first = await publisher.next(1)
      #expect(try await sender.answer().status == 503)
      try await sender.send(Harness.request(Bodies.events(1...1)))
      _ = try await harness.metrics {
        $0.contains("repeats_total{source=\"crm\",first=\"undecided\"} 1\n")
      }
      publisher.report(first)
      #expect(try await sender.answer().status == 200)
      #expect(publisher.published.count == 1)
      let text = try await harness.metrics { _ in true }
      #expect(text.contains("undecided_events_total{source=\"crm\",outcome=\"stored\"} 1\n"))
      #expect(text.contains("hookferry_receiver_events_published_total{source=\"crm\"} 1\n"))
      try await sender.send(Harness.request(Bodies.events(1...1)))
      publisher.report(await publisher.next(1))
      #expect(try await sender.answer().status == 200)
    }
  }

  @Test func aLateFailureIsForgotten() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, Self.hasty) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...1)))
      let first = await publisher.next(1)
      #expect(try await sender.answer().status == 503)
      publisher.report(first, .kafkaTimeout)
      _ = try await harness.metrics {
        $0.contains("undecided_events_total{source=\"crm\",outcome=\"failed\"} 1\n")
      }
      try await sender.send(Harness.request(Bodies.events(1...1)))
      publisher.report(await publisher.next(1))
      #expect(try await sender.answer().status == 200)
      #expect(publisher.published.count == 2)
    }
  }

  /// A round trip longer than the deadline: the first attempt hears 503 and is stored all the
  /// same; the retry hears 200 and stores nothing. The producer is more patient than the checks
  /// of a configuration allow: otherwise it is a matter of luck whether librdkafka, which looks for
  /// timed-out requests once a second, gives up first.
  @Test func aSlowBrokerStoresOnce() async throws {
    let cluster = try KafkaTests.cluster()
    defer { cluster.close() }
    let patient = try Harness.configuration(
      kafka: cluster.bootstrapServers,
      ["request_deadline_ms: 20000", "message_timeout_ms: 20000", "socket_timeout_ms: 15000"])
    let lines = [
      "request_deadline_ms: 1000", "message_timeout_ms: 900", "socket_timeout_ms: 800",
    ]
    try await Harness.with(lines, producer: patient) { harness in
      _ = try await harness.receiver.ready.value()
      // The first event waits for the connection too.
      #expect(try await KafkaTests.post(100, on: harness, again: true).status == 200)
      let idle = "hookferry_receiver_in_flight_requests 0\n"
      _ = try await harness.metrics { $0.contains(idle) }
      _ = try await harness.admin("/readyz", until: { $0.status == 200 })
      let series = "hookferry_receiver_undecided_events_total{source=\"crm\",outcome=\"stored\"}"
      let before = Harness.figure(series, in: try await harness.admin("/metrics").body)
      try cluster.setRoundTrip(broker: 1, ms: 4000)
      #expect(try await harness.post(Bodies.events(1...1)).status == 503)
      try cluster.setRoundTrip(broker: 1, ms: 0)
      _ = try await harness.metrics {
        $0.contains(idle) && Harness.figure(series, in: $0) == before + 1
      }
      // Nothing had come back for as long as a request has: it refused for a moment.
      _ = try await harness.admin("/readyz", until: { $0.status == 200 })
      #expect(try await harness.post(Bodies.events(1...1)).status == 200)
      let stored = try await offPool { try KafkaTests.readBack(cluster) }
      let copies = stored.filter { $0.key == "62515/contact/1" }
      #expect(copies.count == 1)
    }
  }

  @Test func aSourceThatSendsTooFastHears429() async throws {
    try await Harness.with(publisher: publisher, crm: ["rate_per_s: 1", "burst: 2"]) { harness in
      // What cannot be verified costs nothing.
      let forged = try await harness.connect()
      try await forged.send(
        Harness.request("{}", path: "/hooks/crm", headers: [("X-HubSpot-Signature-v3", "x")]))
      #expect(try await forged.answer().status == 401)
      // A new one is let in each second, so that there may be more than the burst before the end.
      var answers: [Answer] = []
      while answers.last?.status != 429, answers.count < 100 {
        answers.append(try await harness.post(Bodies.event(answers.count)))
      }
      #expect(answers.count > 2)
      #expect(answers.dropLast().allSatisfy { $0.status == 200 })
      let refused = try #require(answers.last)
      #expect(refused.status == 429)
      let retryAfter = try #require(refused.header("Retry-After").flatMap { Int($0) })
      #expect((1...5).contains(retryAfter))
      let text = try await harness.metrics { _ in true }
      #expect(text.contains("reason=\"rate_limited\"}"))
    }
  }

  /// The histogram knows of requests that were refused, timed out or abandoned by their sender.
  @Test func everyRequestHandedToKafkaIsMeasured() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher, Self.hasty) { harness in
      func count(_ wanted: Int) async throws {
        _ = try await harness.metrics {
          $0.contains("hookferry_receiver_ack_seconds_count \(wanted)\n")
        }
      }
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...1)))
      publisher.report(await publisher.next(1))
      #expect(try await sender.answer().status == 200)
      try await count(1)
      try await sender.send(Harness.request(Bodies.events(2...2)))
      #expect(try await sender.answer().status == 503)
      try await count(2)
      publisher.refuse([.kafkaQueueFull])
      try await sender.send(Harness.request(Bodies.events(3...3)))
      #expect(try await sender.answer().status == 503)
      try await count(3)
      _ = await publisher.next(1)
      var gone: Sender? = try await harness.connect()
      try await gone?.send(Harness.request(Bodies.events(4...4)))
      let left = await publisher.next(1)
      gone = nil
      _ = try await harness.metrics { $0.contains("hookferry_receiver_connections 1\n") }
      publisher.report(left)
      try await count(4)
    }
  }

  /// librdkafka's figures reach the gauges.
  @Test func figuresOfTheProducer() async throws {
    let cluster = try KafkaTests.cluster()
    defer { cluster.close() }
    try cluster.setRoundTrip(broker: 1, ms: 30)
    try await Harness.with(
      kafka: cluster.bootstrapServers, properties: ["statistics.interval.ms: 200"]
    ) { harness in
      _ = try await harness.receiver.ready.value()
      #expect(try await harness.post(Bodies.events(1...5)).status == 200)
      // The gauge knows the last interval alone: something must have gone by in that one.
      let series = "hookferry_receiver_kafka_rtt_seconds"
      var text = ""
      let end = ContinuousClock.now + .seconds(20)
      while Harness.figure(series, in: text) == 0, ContinuousClock.now < end {
        #expect(try await harness.post(Bodies.events(1...5)).status == 200)
        text = try await harness.admin("/metrics").body
      }
      #expect(Harness.figure(series, in: text) > 0)
      #expect(text.contains("hookferry_receiver_kafka_queue_events "))
    }
  }
}
