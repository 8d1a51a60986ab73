// Over real loopback HTTP, with a publisher that the test plays.

import Foundation
import Model
import Providers
import Signatures
import Telemetry
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1))) struct HTTPTests {
  let publisher = FakePublisher()

  @Test func acceptedOnlyAfterEveryReport() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...3)))
      let taken = await publisher.next(3)
      publisher.report([taken[0], taken[1]])
      // The loop has been through those two when it answers this.
      let other = try await harness.connect()
      try await other.send(Harness.request("", path: "/nope"))
      #expect(try await other.answer().status == 404)
      #expect(sender.isSilent)
      publisher.report([taken[2]])
      let answer = try await sender.answer()
      #expect(answer.status == 200)
      #expect(answer.body == "")
      #expect(answer.header("Date") != nil)
      #expect(taken.map(\.key) == (1...3).map { "62515/contact/\($0)" })
      #expect(taken.map(\.value) == (1...3).map { Bodies.event($0) })
      let event = try Event(headers: taken[1].headers)
      #expect(event.id == "62515,contact.creation,2,1,1700000000123")
      #expect(event.source == "crm")
      #expect(event.verifiedBy == "hubspot-v3#1")
      #expect(event.envelope.index == 1 && event.envelope.count == 3)
      #expect(abs(event.receivedAtMs - Int64(Date().timeIntervalSince1970 * 1000)) < 60_000)
    }
  }

  @Test func severalEventsAreAllOrNothing() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...2)))
      var taken = await publisher.next(2)
      publisher.report([taken[0]])
      publisher.report([taken[1]], .kafkaRefused)
      var answer = try await sender.answer()
      #expect(answer.status == 503)
      let retryAfter = try #require(answer.header("Retry-After").flatMap { Int($0) })
      #expect((1...5).contains(retryAfter))
      // The second of three finds the queue full: the third is not offered, the answer comes now.
      publisher.refuse([nil, .kafkaQueueFull])
      try await sender.send(Harness.request(Bodies.events(3...5)))
      answer = try await sender.answer()
      #expect(answer.status == 503)
      taken = await publisher.next(1)
      #expect(publisher.published.count == 3)
      // Its report is late and changes nothing; the connection goes on.
      publisher.report(taken)
      publisher.refuse([.kafkaQueueFull])
      try await sender.send(Harness.request(Bodies.events(6...6)))
      #expect(try await sender.answer().status == 503)
      try await sender.send(Harness.request(Bodies.events(7...7)))
      publisher.report(await publisher.next(1))
      #expect(try await sender.answer().status == 200)
    }
  }

  @Test func refusals() async throws {
    try await Harness.with(publisher: publisher, ["body_bytes_max: 2000"]) { harness in
      func status(_ request: String) async throws -> Answer {
        let sender = try await harness.connect()
        try await sender.send(request)
        return try await sender.answer()
      }
      #expect(try await status(Harness.request("{}", path: "/hooks/nope")).status == 404)
      #expect(try await status(Harness.request("{}", path: "/hooks/crm/")).status == 404)
      #expect(try await status(Harness.request("{}", path: "/")).status == 404)
      let get = try await status(Harness.request("", path: "/hooks/crm", method: "GET"))
      #expect(get.status == 405)
      #expect(get.header("Allow") == "POST")
      #expect(try await status(Harness.request("{}", path: "/hooks/crm")).status == 401)
      #expect(try await status(Harness.request("[]") + "").status == 200)
      let changed = try Harness.request("[1]").replacing("\r\n\r\n[1]", with: "\r\n\r\n[2]")
      #expect(try await status(changed).status == 401)
      #expect(try await status("POST /hooks/crm HTTP/1.1\r\n\r\n").status == 400)
      let both =
        "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
      #expect(try await status(both).status == 400)
      let long = "A: " + String(repeating: "b", count: 20_000)
      #expect(try await status("POST / HTTP/1.1\r\nHost: x\r\n\(long)\r\n\r\n").status == 431)
      #expect(publisher.published.isEmpty)
    }
  }

  /// 413 comes although the sender still waits to send, and reads it although it does not stop.
  @Test func bodiesThatAreTooLarge() async throws {
    try await Harness.with(publisher: publisher, ["body_bytes_max: 2000"]) { harness in
      let announced = try await harness.connect()
      try await announced.send(
        "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nContent-Length: 2001\r\n\r\n")
      #expect(try await announced.answer().status == 413)
      try await announced.send([UInt8](repeating: 0x20, count: 1000))
      #expect(try await announced.ends())

      let chunked = try await harness.connect()
      try await chunked.send(
        "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<3 { try await chunked.send("2BC\r\n" + String(repeating: " ", count: 700)) }
      try? await chunked.send("\r\n")
      // The chunks lack their CRLF, so either rule may strike first but nothing is stored.
      #expect([400, 413].contains(try await chunked.answer().status))

      let proper = try await harness.connect()
      try await proper.send(
        "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
      for _ in 0..<2 {
        try await proper.send("3E8\r\n" + String(repeating: " ", count: 1000) + "\r\n")
      }
      #expect(proper.isSilent)
      try await proper.send("1\r\n")
      #expect(try await proper.answer().status == 413)
      #expect(publisher.published.isEmpty)
    }
  }

  @Test func chunkedBodyIsVerifiedAndSplit() async throws {
    try await Harness.with(publisher: publisher) { harness in
      let body = Bodies.events(1...2)
      let whole = try Harness.request(body)
      let head = whole.prefix(upTo: try #require(whole.range(of: "Content-Length")).lowerBound)
      let sender = try await harness.connect()
      try await sender.send(head + "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n")
      #expect(try await sender.answer().status == 100)
      for piece in [body.prefix(10), body.dropFirst(10)] {
        let size = String(piece.utf8.count, radix: 16)
        for byte in "\(size)\r\n\(piece)\r\n".utf8 { try await sender.send([byte]) }
      }
      try await sender.send("0\r\n\r\n" + Harness.request(Bodies.events(3...3)))
      #expect(try await sender.answer().status == 200)
      #expect(try await sender.answer().status == 200)
      #expect(publisher.published.map(\.value) == (1...3).map { Bodies.event($0) })
    }
  }

  @Test func pipelinedAnswersComeInOrder() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher) { harness in
      let sender = try await harness.connect()
      let unsigned = Harness.request("[]", path: "/hooks/crm")
      try await sender.send(
        Harness.request(Bodies.events(1...1)) + unsigned + Harness.request(Bodies.events(2...2)))
      let first = await publisher.next(1)
      #expect(sender.isSilent)
      publisher.report(first)
      #expect(try await sender.answer().status == 200)
      #expect(try await sender.answer().status == 401)
      publisher.report(await publisher.next(1), .kafkaTimeout)
      #expect(try await sender.answer().status == 503)
    }
  }

  @Test func theDeadlineAnswersAndALateReportIsIgnored() async throws {
    publisher.holdReports()
    let limits = [
      // The second and the third must be through before theirs.
      "request_deadline_ms: 3500", "message_timeout_ms: 3000", "socket_timeout_ms: 1000",
    ]
    try await Harness.with(publisher: publisher, limits) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...1)))
      let late = await publisher.next(1)
      #expect(try await sender.answer().status == 503)
      try await sender.send(Harness.request(Bodies.events(2...2)))
      let second = await publisher.next(1)
      // The place of the first is not given away before its report has come.
      #expect(late[0].ticket != second[0].ticket)
      publisher.report(late)
      publisher.report(second)
      #expect(try await sender.answer().status == 200)
      try await sender.send(Harness.request(Bodies.events(3...3)))
      let third = await publisher.next(1)
      #expect([late[0].ticket, second[0].ticket].contains(third[0].ticket))
      publisher.report(third)
      #expect(try await sender.answer().status == 200)
    }
  }

  @Test func slowSendersAreCutOff() async throws {
    try await Harness.with(publisher: publisher, ["request_read_timeout_ms: 200"]) { harness in
      let body = try await harness.connect()
      try await body.send(Harness.request(Bodies.events(1...9)).dropLast(5).description)
      #expect(try await body.answer().status == 408)
      #expect(try await body.ends())
      let head = try await harness.connect()
      try await head.send("POST /hooks/crm HT")
      #expect(try await head.answer().status == 408)
      #expect(publisher.published.isEmpty)
    }
  }

  @Test func idleConnectionsAreClosed() async throws {
    // The time before its first request counts too.
    try await Harness.with(publisher: publisher, ["idle_timeout_ms: 3000"]) { harness in
      let sender = try await harness.connect()
      try await sender.send(Harness.request(Bodies.events(1...1)))
      #expect(try await sender.answer().status == 200)
      #expect(try await sender.ends())
    }
  }

  @Test func limitsOnWhatIsUnderWay() async throws {
    publisher.holdReports()
    let limits = ["in_flight_requests_max: 1", "connections_max: 2"]
    try await Harness.with(publisher: publisher, limits) { harness in
      let first = try await harness.connect()
      try await first.send(Harness.request(Bodies.events(1...1)))
      let taken = await publisher.next(1)
      let second = try await harness.connect()
      try await second.send(Harness.request(Bodies.events(2...2)))
      let refused = try await second.answer()
      #expect(refused.status == 503)
      #expect(refused.header("Retry-After") != nil)
      let ready = try await harness.admin("/readyz")
      #expect(ready.status == 503)
      publisher.report(taken)
      #expect(try await first.answer().status == 200)
    }
  }

  @Test func announcedBytesTakeNoRoom() async throws {
    let limits = ["in_flight_bytes_max: 65536", "body_bytes_max: 60000"]
    try await Harness.with(publisher: publisher, limits) { harness in
      var announcing: [Sender] = []
      for _ in 0..<4 {
        let sender = try await harness.connect()
        try await sender.send(
          "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
        announcing.append(sender)
      }
      #expect(try await harness.post(Bodies.events(1...1)).status == 200)
      // What they do send counts.
      try await announcing[0].send([UInt8](repeating: 32, count: 59_999))
      let large = Bodies.events(1...100)
      while try await harness.post(large).status != 503 { await Task.yield() }
    }
  }

  @Test func tooManyConnections() async throws {
    try await Harness.with(publisher: publisher, ["connections_max: 1"]) { harness in
      let first = try await harness.connect()
      try await first.send(Harness.request(Bodies.events(1...1)))
      #expect(try await first.answer().status == 200)
      let second = try await harness.connect()
      #expect(try await second.ends())
      try await first.send(Harness.request(Bodies.events(2...2)))
      #expect(try await first.answer().status == 200)
    }
  }

  @Test func aSenderThatLeavesHarmsNothing() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher) { harness in
      var sender: Sender? = try await harness.connect()
      try await sender?.send(Harness.request(Bodies.events(1...1)))
      let taken = await publisher.next(1)
      sender = nil
      _ = try await harness.metrics { $0.contains("hookferry_receiver_connections 0\n") }
      publisher.report(taken)
      _ = try await harness.metrics {
        $0.contains("hookferry_receiver_in_flight_requests 0\n")
          && $0.contains("hookferry_receiver_in_flight_bytes 0\n")
      }
    }
  }

  @Test func otherSchemesAndPlaces() async throws {
    try await Harness.with(publisher: publisher) { harness in
      let now = Int64(Date().timeIntervalSince1970 * 1000)
      let body = #"{"type":"deal.won","data":{"id":"d1"},"issue":{"id":9}}"#
      let sender = try await harness.connect()
      for name in ["standard-webhooks-v1", "svix-v1"] {
        let scheme = try Scheme.builtIn(name)
        let signer = try Signer(scheme, secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let headers = try signer.headers(
          target: "/hooks/std", body: Array(body.utf8), id: "m-\(scheme.name)", nowMs: now)
        try await sender.send(Harness.request(body, path: "/hooks/std", headers: headers))
        #expect(try await sender.answer().status == 200)
      }
      let own = Scheme(name: "hmac", header: "X-Sig")
      let headers = try Signer(own, secret: "s3cret")
        .headers(target: "/hooks/own", body: Array(body.utf8), nowMs: now)
      try await sender.send(
        Harness.request(body, path: "/hooks/own", headers: headers + [("X-Id", "i1")]))
      #expect(try await sender.answer().status == 200)
      let events = try publisher.published.map { try Event(headers: $0.headers) }
      #expect(events.map(\.id) == ["m-standard-webhooks-v1", "m-svix-v1", "i1"])
      #expect(publisher.published.map(\.key) == ["std/deal/d1", "std/deal/d1", "own/issue/9"])
      #expect(events.map(\.verifiedBy) == ["standard-webhooks-v1#0", "svix-v1#0", "hmac#0"])
    }
  }

  /// 280,000 series were once minted from the paths of unauthenticated requests.
  @Test func unauthenticatedRequestsMintNoSeries() async throws {
    try await Harness.with(publisher: publisher) { harness in
      func series() async throws -> [String] {
        try await harness.admin("/metrics").body.split(separator: "\n")
          .filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != " " }) }
      }
      let before = try await series()
      let sender = try await harness.connect()
      for index in 0..<20 {
        let other = try await harness.connect()
        try await other.send(Harness.request("{}", path: "/hooks/evil\(index)"))
        #expect(try await other.answer().status == 404)
        try await sender.send(
          Harness.request("{}", path: "/hooks/crm", headers: [("X-\(index)", "1")]))
        #expect(try await sender.answer().status == 401)
      }
      #expect(try await series() == before)
      let text = try await harness.admin("/metrics").body
      let crm = "hookferry_receiver_requests_total{source=\"crm\",reason=\"signature_missing\"} 20"
      #expect(text.contains(crm))
      let none = "hookferry_receiver_requests_total{source=\"none\",reason=\"unknown_source\"} 20"
      #expect(text.contains(none))
    }
  }

  @Test func shutdownFinishesWhatIsUnderWay() async throws {
    publisher.holdReports()
    try await Harness.with(publisher: publisher) { harness in
      #expect(try await harness.admin("/readyz", until: { $0.status == 200 }).status == 200)
      let busy = try await harness.connect()
      try await busy.send(Harness.request(Bodies.events(1...1)))
      let taken = await publisher.next(1)
      let idle = try await harness.connect()
      try await idle.send(Harness.request("[]", path: "/hooks/crm"))
      #expect(try await idle.answer().status == 401)
      await harness.shutDown()
      // The idle one is ended, the busy one is not.
      #expect(try await idle.ends())
      #expect(busy.isSilent)
      #expect(!publisher.isClosed)
      #expect(try await harness.admin("/readyz").body == "shutting down\n")
      #expect(try await harness.admin("/livez").status == 200)
      await #expect(throws: Failed.self) { try await harness.connect() }
      publisher.report(taken)
      let answer = try await busy.answer()
      #expect(answer.status == 200)
      #expect(answer.header("Connection") == "close")
      #expect(try await busy.ends())
      try await harness.ended.value()
      #expect(publisher.isClosed)
    }
  }
}
