// The network edge over real loopback HTTP: addresses, compressed bodies, slow senders, old
// connections.

import Foundation
import Model
import Testing

@testable import ReceiverService

@Suite(.timeLimit(.minutes(1))) struct EdgeTests {
  let publisher = FakePublisher()

  static func ask(_ harness: Harness, _ request: [UInt8]) async throws -> Answer {
    let sender = try await harness.connect()
    try await sender.send(request)
    return try await sender.answer()
  }

  // MARK: Addresses

  @Test func onlyAllowedNetworksMaySend() async throws {
    let log = LogMemory()
    let sources =
      Edge.source("far", "allowed_networks: [10.0.0.0/8]")
      + Edge.source("near", "allowed_networks: [10.0.0.0/8, 127.0.0.1]")
    try await Harness.with(publisher: publisher, sources: sources, logger: log.logger) { harness in
      // Refused before the body, of which nothing is sent.
      let sender = try await harness.connect()
      try await sender.send(
        "POST /hooks/far HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n")
      let refused = try await sender.answer()
      #expect(refused.status == 403)
      #expect(refused.header("Connection") == "close")
      #expect(!log.lines(with: "reason=address_not_allowed").isEmpty)
      #expect(!log.lines(with: "address=127.0.0.1").isEmpty)
      // A stranger's own word is worth nothing.
      let lie = [("X-Forwarded-For", "10.1.1.1")]
      #expect(
        try await Self.ask(harness, Edge.request([1], to: "far", headers: lie)).status == 403)
      #expect(try await Self.ask(harness, Edge.request([1], to: "near")).status == 200)
      // Too long comes before the address, no such method before both.
      let long = "POST /hooks/far HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
      #expect(try await Self.ask(harness, Array(long.utf8)).status == 413)
      let put = "PUT /hooks/far HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
      #expect(try await Self.ask(harness, Array(put.utf8)).status == 405)
      #expect(publisher.published.count == 1)
    }
  }

  @Test func trustedProxiesAreBelieved() async throws {
    let sources = Edge.source("far", "allowed_networks: [192.0.2.0/24]")
    let lines = ["trusted_proxies: [127.0.0.0/8]"]
    try await Harness.with(publisher: publisher, lines, sources: sources) { harness in
      func status(_ forwarded: String) async throws -> Int {
        let headers = [("X-Forwarded-For", forwarded)]
        return try await Self.ask(
          harness, Edge.request([1], to: "far", headers: headers)
        ).status
      }
      for (forwarded, expected) in [
        ("192.0.2.9", 200), ("192.0.2.9, 127.3.2.1", 200), ("192.0.2.9, 198.51.100.1", 403),
        ("198.51.100.1", 403),
      ] {
        let status = try await status(forwarded)
        #expect(status == expected, "\(forwarded)")
      }
    }
  }

  // MARK: Compressed bodies

  @Test(arguments: ["gzip", "x-gzip", "GZIP", "deflate"])
  func compressedBodiesAreStoredInflated(_ encoding: String) async throws {
    let body = Array(#"{"issue":{"id":7}}"#.utf8)
    let wire = Edge.gzip(body, window: encoding == "deflate" ? 15 : 31)
    let sources = Edge.source("wired", "signed_body: wire")
    try await Harness.with(publisher: publisher, sources: sources) { harness in
      let headers = [("Content-Encoding", encoding)]
      for (source, signed) in [("own", body), ("wired", wire)] {
        let good = try Edge.request(wire, to: source, signed: signed, headers: headers)
        #expect(try await Self.ask(harness, good).status == 200, "\(source)")
        let other = signed == body ? wire : body
        let bad = try Edge.request(wire, to: source, signed: other, headers: headers)
        #expect(try await Self.ask(harness, bad).status == 401, "\(source)")
      }
      let stored = publisher.published.map(\.value)
      #expect(stored == [String](repeating: String(decoding: body, as: UTF8.self), count: 2))
    }
  }

  @Test func chunkedAndCompressed() async throws {
    let body = Array(#"{"issue":{"id":7}}"#.utf8)
    let wire = Edge.gzip(body)
    try await Harness.with(publisher: publisher) { harness in
      let sender = try await harness.connect()
      try await sender.send(
        "POST /hooks/own HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
          + "X-Sig: \(Edge.signature(body))\r\nTransfer-Encoding: chunked\r\n\r\n")
      for half in [wire.prefix(9), wire.dropFirst(9)] {
        let size = Array("\(String(half.count, radix: 16))\r\n".utf8)
        try await sender.send(size + half + Array("\r\n".utf8))
      }
      try await sender.send("0\r\n\r\n")
      #expect(try await sender.answer().status == 200)
      #expect(publisher.published.map(\.value) == [String(decoding: body, as: UTF8.self)])
    }
  }

  @Test func encodingsThatAreRefused() async throws {
    let body = Array("hello".utf8)
    let wire = Edge.gzip(body)
    try await Harness.with(publisher: publisher) { harness in
      func answer(_ headers: [(String, String)], _ wire: [UInt8]) async throws -> Answer {
        try await Self.ask(
          harness, Edge.request(wire, to: "own", signed: body, headers: headers))
      }
      let encoding = "Content-Encoding"
      for value in ["br", "zstd", "gzip, gzip", "gzip,identity", "gzip;q=1", "chunked"] {
        let refused = try await answer([(encoding, value)], wire)
        #expect(refused.status == 415, "\(value)")
        #expect(refused.header("Accept-Encoding") == "gzip, deflate")
      }
      #expect(try await answer([(encoding, "gzip"), (encoding, "gzip")], wire).status == 415)
      let gzip = [(encoding, "gzip")]
      #expect(try await answer(gzip, Array(wire.dropLast())).status == 400)
      #expect(try await answer(gzip, wire + wire).status == 400)
      #expect(try await answer(gzip, body).status == 400)
      #expect(try await answer(gzip, []).status == 400)
      var corrupt = wire
      corrupt[corrupt.count - 6] ^= 1
      #expect(try await answer(gzip, corrupt).status == 400)
      #expect(try await answer([(encoding, "identity")], body).status == 200)
      #expect(try await answer(gzip, wire).status == 200)
      #expect(publisher.published.count == 2)
      let metrics = try await harness.admin("/metrics") {
        $0.body.contains("hookferry_receiver_in_flight_bytes 0\n")
      }.body
      #expect(
        metrics.contains("requests_total{source=\"own\",reason=\"unsupported_encoding\"} 7\n"))
      #expect(metrics.contains("hookferry_receiver_in_flight_bytes 0\n"))
    }
  }

  /// A little that would become much: refused at the limit, and every byte given back.
  @Test func bombsAreRefused() async throws {
    let zeros = [UInt8](repeating: 0, count: 8 << 20)
    let wire = Edge.gzip(zeros)
    let limits = [
      "body_bytes_max: 65536", "inflated_bytes_max: 100000", "in_flight_bytes_max: 300000",
    ]
    try await Harness.with(publisher: publisher, limits) { harness in
      let sender = try await harness.connect()
      let headers = [("Content-Encoding", "gzip")]
      for _ in 0..<20 {
        try await sender.send(Edge.request(wire, to: "own", signed: zeros, headers: headers))
        #expect(try await sender.answer().status == 413)
      }
      let fits = [UInt8](repeating: 0x20, count: 100_000)
      try await sender.send(
        Edge.request(Edge.gzip(fits), to: "own", signed: fits, headers: headers))
      #expect(try await sender.answer().status == 200)
      let metrics = try await harness.admin("/metrics") {
        $0.body.contains("hookferry_receiver_in_flight_bytes 0\n")
      }.body
      #expect(metrics.contains("hookferry_receiver_in_flight_bytes 0\n"))
      #expect(metrics.contains("requests_total{source=\"own\",reason=\"body_too_large\"} 20\n"))
    }
  }

  /// What is inflated counts against the bytes in flight for as long as the request lasts.
  @Test func inflatedBytesCountAsInFlight() async throws {
    publisher.holdReports()
    let body = [UInt8](repeating: 0x20, count: 60_000)
    let wire = Edge.gzip(body)
    let limits = ["body_bytes_max: 65536", "in_flight_bytes_max: 100000"]
    try await Harness.with(publisher: publisher, limits) { harness in
      let request = try Edge.request(
        wire, to: "own", signed: body, headers: [("Content-Encoding", "gzip")])
      let first = try await harness.connect()
      try await first.send(request)
      let taken = await publisher.next(1)
      #expect(try await Self.ask(harness, request).status == 503)
      publisher.report(taken)
      #expect(try await first.answer().status == 200)
      let second = try await harness.connect()
      try await second.send(request)
      publisher.report(await publisher.next(1))
      #expect(try await second.answer().status == 200)
    }
  }

  // MARK: Time

  @Test func theHeadMustComeInTime() async throws {
    let limits = ["header_timeout_ms: 300", "request_read_timeout_ms: 60000"]
    try await Harness.with(publisher: publisher, limits) { harness in
      let slow = try await harness.connect()
      try await slow.send("POST /hooks/own HTTP/1.1\r\nHost: x\r\n")
      #expect(try await slow.answer().status == 408)
      #expect(try await slow.ends())
    }
  }

  private static let endless =
    "POST /hooks/own HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"

  /// Long before the whole time is over, and before the sender here loses its patience.
  @Test func aBodyMustGoOn() async throws {
    let limits = ["body_idle_timeout_ms: 400", "request_read_timeout_ms: 60000"]
    try await Harness.with(publisher: publisher, limits) { harness in
      let idle = try await harness.connect()
      try await idle.send(Self.endless + "x")
      #expect(try await idle.answer().status == 408)
      #expect(publisher.published.isEmpty)
    }
  }

  /// Bytes that trickle keep a body alive only until the whole time is over. The two times and
  /// what is expected are far apart: a loop's clock is as old as its last sweep, and a stall of the
  /// sender counts as silence.
  @Test func aBodyMustEnd() async throws {
    let limits = ["body_idle_timeout_ms: 2500", "request_read_timeout_ms: 6000"]
    try await Harness.with(publisher: publisher, limits) { harness in
      let trickle = try await harness.connect()
      let start = ContinuousClock.now
      try await trickle.send(Self.endless)
      while try await trickle.staysSilent(forMs: 20),
        ContinuousClock.now - start < .seconds(30)
      {
        try? await trickle.send("x")
      }
      let took = ContinuousClock.now - start
      #expect(try await trickle.answer().status == 408)
      // Were it not over by then, the silence after these bytes would end it.
      #expect(took > .milliseconds(3500) && took < .seconds(30))
      #expect(publisher.published.isEmpty)
    }
  }

  /// Bytes that are only announced are nobody's: a few slow senders cannot use up the room of all.
  @Test func slowBodiesTakeNobodysPlace() async throws {
    let limits = [
      "in_flight_bytes_max: 65536", "body_bytes_max: 65536", "in_flight_requests_max: 2",
    ]
    try await Harness.with(publisher: publisher, limits) { harness in
      var slow: [Sender] = []
      for _ in 0..<20 {
        let sender = try await harness.connect()
        try await sender.send(
          "POST /hooks/own HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n" + "abc")
        slow.append(sender)
      }
      let counted = try await harness.admin("/metrics") {
        $0.body.contains("hookferry_receiver_in_flight_bytes 60\n")
      }
      #expect(counted.body.contains("hookferry_receiver_in_flight_bytes 60\n"))
      #expect(counted.body.contains("hookferry_receiver_in_flight_requests 0\n"))
      let body = [UInt8](repeating: 0x61, count: 60_000)
      #expect(try await Self.ask(harness, Edge.request(body, to: "own")).status == 200)
      // Bytes that came do count, and are refused as they come.
      try await slow[0].send(String(repeating: "x", count: 59_000))
      _ = try await harness.admin("/metrics") { $0.body.contains("_in_flight_bytes 59060\n") }
      #expect(try await Self.ask(harness, Edge.request(body, to: "own")).status == 503)
      slow.removeAll()
      let left = try await harness.admin("/metrics") {
        $0.body.contains("hookferry_receiver_in_flight_bytes 0\n")
      }
      #expect(left.body.contains("hookferry_receiver_in_flight_bytes 0\n"))
    }
  }

  @Test func oneAddressHasSoManyConnections() async throws {
    let limits = ["connections_per_address_max: 2"]
    try await Harness.with(publisher: publisher, limits) { harness in
      var kept: [Sender] = []
      for _ in 0..<2 {
        let sender = try await harness.connect()
        try await sender.send(Edge.request([1], to: "own"))
        #expect(try await sender.answer().status == 200)
        kept.append(sender)
      }
      let third = try await harness.connect()
      #expect(try await third.ends())
      kept.removeFirst()
      _ = try await harness.admin("/metrics") { $0.body.contains("receiver_connections 1\n") }
      #expect(try await Self.ask(harness, Edge.request([1], to: "own")).status == 200)
    }
    try await Harness.with(
      publisher: publisher, limits + ["trusted_proxies: [127.0.0.1]"]
    ) { harness in
      var kept: [Sender] = []
      for _ in 0..<4 {
        let sender = try await harness.connect()
        try await sender.send(Edge.request([1], to: "own"))
        #expect(try await sender.answer().status == 200)
        kept.append(sender)
      }
    }
  }

  @Test func oldConnectionsEndWithTheirAnswer() async throws {
    // It is young for so long that even a slow first answer is not its last.
    try await Harness.with(publisher: publisher, ["connection_max_age_ms: 3000"]) { harness in
      let sender = try await harness.connect()
      var answers = 0
      let end = ContinuousClock.now + .seconds(30)
      while ContinuousClock.now < end {
        try await sender.send(Edge.request([1], to: "own"))
        let answer = try await sender.answer()
        #expect(answer.status == 200)
        answers += 1
        if answer.header("Connection") == "close" { break }
        // Thousands of requests would show no more than these.
        _ = try await sender.staysSilent(forMs: 20)
      }
      #expect(answers > 1)
      try #require(ContinuousClock.now < end)
      #expect(try await sender.ends())
      #expect(publisher.published.count == answers)
    }
  }

  // MARK: Bodies that are not what they seem

  @Test func aTruncatedChunkedBodyIsNoBody() async throws {
    try await Harness.with(publisher: publisher) { harness in
      let body = Array("hello".utf8)
      for end in ["5\r\nhello", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n"] {
        let sender = try await harness.connect()
        try await sender.send(
          "POST /hooks/own HTTP/1.1\r\nHost: x\r\nX-Sig: \(Edge.signature(body))\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n\(end)")
        sender.endSending()
        #expect(try await sender.ends())
      }
      // The same with its end is fine.
      let whole =
        "POST /hooks/own HTTP/1.1\r\nHost: x\r\nX-Sig: \(try Edge.signature(body))\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
      #expect(try await Self.ask(harness, Array(whole.utf8)).status == 200)
      #expect(publisher.published.count == 1)
      _ = try await harness.metrics {
        $0.contains("hookferry_receiver_in_flight_requests 0\n")
          && $0.contains("hookferry_receiver_in_flight_bytes 0\n")
      }
    }
  }

  @Test(arguments: ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"])
  func formsHaveTheSameLimit(_ type: String) async throws {
    try await Harness.with(publisher: publisher, ["body_bytes_max: 2000"]) { harness in
      let headers = [("Content-Type", type)]
      for (count, expected) in [(2001, 413), (2000, 200)] {
        let body = [UInt8](repeating: 0x61, count: count)
        let answer = try await Self.ask(
          harness, Edge.request(body, to: "own", headers: headers))
        #expect(answer.status == expected)
      }
    }
  }

  /// The answer comes although nothing of the body does.
  @Test func anUnknownSourcesBodyIsNotRead() async throws {
    try await Harness.with(publisher: publisher) { harness in
      for target in ["/hooks/nope", "/hooks/own/../crm", "/hooks/./own", "/hooks/%6Fwn"] {
        let sender = try await harness.connect()
        try await sender.send(
          "POST \(target) HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n"
            + "Content-Encoding: gzip\r\nExpect: 100-continue\r\n\r\n")
        #expect(try await sender.answer().status == 404)
      }
    }
  }
}
