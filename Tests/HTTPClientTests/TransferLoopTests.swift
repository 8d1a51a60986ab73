// TransferLoop against real sockets on loopback.

import Foundation
import Glibc
import HTTPClient
import Testing

/// Polls and runs `loop` until it returned `count` completions or 10 s have passed.
func drive(_ loop: TransferLoop, _ count: Int) -> [UInt64: HTTPCompletion] {
  var done: [UInt64: HTTPCompletion] = [:]
  let deadline = ContinuousClock.now + .seconds(10)
  while done.count < count, ContinuousClock.now < deadline {
    var descriptor = pollfd(fd: loop.fileDescriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&descriptor, 1, min(loop.nextTimeoutMs ?? 100, 100))
    for completion in loop.run() {
      #expect(done[completion.ticket] == nil, "a ticket came back twice")
      done[completion.ticket] = completion
    }
  }
  #expect(done.count == count)
  return done
}

func send(_ loop: TransferLoop, _ request: HTTPRequest) throws -> Result<HTTPResponse, HTTPError> {
  try loop.start(request, ticket: 1)
  return try #require(drive(loop, 1)[1]).result
}

func errorCode(_ result: Result<HTTPResponse, HTTPError>?) -> HTTPError.Code? {
  if case .failure(let error) = result { error.code } else { nil }
}

@Suite struct TransferLoopTests {
  @Test func responseAndKeepAlive() throws {
    let server = LoopbackServer { .ok("you asked for \($0.target)", headers: ["X-Left: 17"]) }
    defer { server.stop() }
    let loop = try TransferLoop()
    for round in 1...3 {
      try loop.start(HTTPRequest(url: server.url("/a?b=\(round)")), ticket: 7)
      #expect(loop.inFlight == 1)
      let completion = try #require(drive(loop, 1)[7])
      let response = try completion.result.get()
      #expect(response.status == 200)
      #expect(String(decoding: response.body, as: UTF8.self) == "you asked for /a?b=\(round)")
      #expect(response.headers["x-LEFT"] == "17")
      #expect(response.headers["left"] == nil)
      #expect(completion.connectionReused == (round > 1))
      #expect(completion.totalTimeMs > 0)
    }
    #expect(server.seen.connections == 1)
    #expect(loop.inFlight == 0)
    #expect(server.seen.requests[0].header("Expect") == nil)
    #expect(server.seen.requests[0].header("User-Agent") == "hookferry")
    loop.close()
    loop.close()
    #expect(throws: HTTPError.self) {
      try loop.start(HTTPRequest(url: server.url("/")), ticket: 1)
    }
  }

  @Test func requestsArriveAsGiven() throws {
    let server = LoopbackServer { _ in .ok("") }
    defer { server.stop() }
    let loop = try TransferLoop()
    let body: [UInt8] = [0, 1, 0, 255, 10]
    let headers: HTTPHeaders = [
      "X-A": "1\r\nX-Evil: 2", "X-Empty": "", "Authorization": "Bearer t",
    ]
    for (method, content) in [
      ("POST", body), ("POST", nil), ("PUT", body), ("PATCH", []), ("DELETE", nil), ("GET", nil),
    ] as [(String, [UInt8]?)] {
      let request = HTTPRequest(
        method: method, url: server.url("/x"), headers: headers, body: content)
      _ = try send(loop, request).get()
      let seen = try #require(server.seen.requests.last)
      #expect(seen.method == method)
      #expect(seen.body == content ?? [])
      #expect(seen.header("Authorization") == "Bearer t")
      #expect(seen.header("X-A") == "1X-Evil: 2")
      #expect(seen.header("X-Empty") == "")
      #expect(seen.header("X-Evil") == nil)
      #expect(seen.header("Content-Type") == nil)
      #expect(seen.header("Expect") == nil)
      #expect((seen.header("Content-Length") != nil) == (content != nil || method == "POST"))
    }
    #expect(server.seen.connections == 1)
  }

  @Test func slotsBoundConnectionsAndAllComeBack() throws {
    let server = LoopbackServer { .ok($0.target) }
    defer { server.stop() }
    let loop = try TransferLoop(HTTPLimits(connectionsPerHostMax: 4, waitingMax: 96))
    for ticket in 0..<100 as Range<UInt64> {
      try loop.start(HTTPRequest(url: server.url("/\(ticket)")), ticket: ticket)
    }
    #expect(loop.inFlight == 100)
    let refused = #expect(throws: HTTPError.self) {
      try loop.start(HTTPRequest(url: server.url("/over")), ticket: 100)
    }
    #expect(refused?.code == .overloaded)
    let twice = #expect(throws: HTTPError.self) {
      try loop.start(HTTPRequest(url: server.url("/twice")), ticket: 50)
    }
    #expect(twice?.code == .bug)
    for (ticket, completion) in drive(loop, 100) {
      #expect(String(decoding: try completion.result.get().body, as: UTF8.self) == "/\(ticket)")
    }
    #expect(server.seen.openMax == 4)
    #expect(server.seen.connections == 4)
    #expect(loop.inFlight == 0)
  }

  @Test func waitingForASlotIsNotTimedAsConnecting() throws {
    let server = LoopbackServer { incoming in
      LoopbackServer.delay(ms: 60)
      return .ok(incoming.target)
    }
    defer { server.stop() }
    let loop = try TransferLoop(HTTPLimits(connectionsPerHostMax: 1))
    // The last waits for its slot longer than it may take, and each takes far less.
    for ticket in 0..<20 as Range<UInt64> {
      let request = HTTPRequest(
        url: server.url("/"), connectTimeoutMs: 1000, totalTimeoutMs: 1000)
      try loop.start(request, ticket: ticket)
    }
    for completion in drive(loop, 20).values { _ = try completion.result.get() }
  }

  @Test func timeoutsAndRefusedConnections() throws {
    let server = LoopbackServer { _ in .silence }
    let loop = try TransferLoop()
    let start = ContinuousClock.now
    let silent = HTTPRequest(url: server.url("/?token=hush"), totalTimeoutMs: 150)
    #expect(errorCode(try send(loop, silent)) == .timeout)
    let elapsed = ContinuousClock.now - start
    #expect(elapsed >= .milliseconds(150) && elapsed < .seconds(5))
    server.stop()
    let closed = LoopbackServer { _ in .silence }
    closed.stop()
    // The listener is closed by its own thread: until then connections are reset, not refused.
    var code = errorCode(try send(loop, HTTPRequest(url: closed.url("/"), totalTimeoutMs: 500)))
    for _ in 0..<50 where code != .connectionFailed {
      code = errorCode(try send(loop, HTTPRequest(url: closed.url("/"), totalTimeoutMs: 500)))
    }
    #expect(code == .connectionFailed)
    let unknown = HTTPRequest(url: "http://no-such-host.invalid/", totalTimeoutMs: 5000)
    let resolved = errorCode(try send(loop, unknown))
    #expect(resolved == .dns || resolved == .timeout)
  }

  private static let tooLarge = [
    "announced": "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
    "chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n"
      + String(repeating: "x", count: 1001) + "\r\n0\r\n\r\n",
    "headers": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: "
      + String(repeating: "y", count: 70_000) + "\r\n\r\n",
  ]

  @Test(arguments: tooLarge.keys.sorted()) func responsesAreCapped(_ name: String) throws {
    let reply = try #require(Self.tooLarge[name])
    let server = LoopbackServer { _ in .bytes(reply) }
    defer { server.stop() }
    let loop = try TransferLoop()
    let request = HTTPRequest(url: server.url("/"), responseBytesMax: 1000)
    #expect(errorCode(try send(loop, request)) == .responseTooLarge)
  }

  @Test func aResponseAsLargeAsTheCapIsTaken() throws {
    let server = LoopbackServer { _ in .ok(String(repeating: "x", count: 1000)) }
    defer { server.stop() }
    let loop = try TransferLoop()
    let request = HTTPRequest(url: server.url("/"), responseBytesMax: 1000)
    #expect(try send(loop, request).get().body.count == 1000)
  }

  @Test(arguments: [
    "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  ]) func brokenAnswersAreProtocolErrors(_ reply: String) throws {
    let server = LoopbackServer { _ in .bytesThenClose(reply) }
    defer { server.stop() }
    let loop = try TransferLoop()
    #expect(errorCode(try send(loop, HTTPRequest(url: server.url("/")))) == .protocolError)
  }

  @Test func redirectsAreNotFollowed() throws {
    let server = LoopbackServer { _ in
      .bytes("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
    }
    defer { server.stop() }
    let loop = try TransferLoop()
    let response = try send(loop, HTTPRequest(url: server.url("/"))).get()
    #expect(response.status == 302)
    #expect(response.headers["location"] == "/elsewhere")
    #expect(server.seen.requests.count == 1)
  }

  @Test func interimResponsesLeaveNoHeaders() throws {
    let server = LoopbackServer { _ in
      .bytes(
        "HTTP/1.1 103 Early Hints\r\nX-Hint: 1\r\n\r\n"
          + "HTTP/1.1 404 Not Found\r\nX-Real: 2\r\nContent-Length: 0\r\n\r\n")
    }
    defer { server.stop() }
    let response = try send(try TransferLoop(), HTTPRequest(url: server.url("/"))).get()
    #expect(response.status == 404)
    #expect(response.headers.fields.map(\.name) == ["X-Real", "Content-Length"])
  }

  @Test func cancelledRequestsComeBackOnce() throws {
    let server = LoopbackServer { $0.target == "/late" ? .ok("late") : .silence }
    defer { server.stop() }
    let loop = try TransferLoop(HTTPLimits(connectionsPerHostMax: 2))
    for ticket in 1...4 as ClosedRange<UInt64> {
      try loop.start(HTTPRequest(url: server.url("/")), ticket: ticket)
    }
    loop.cancel(ticket: 3)
    loop.cancel(ticket: 3)
    loop.cancel(ticket: 1)
    loop.cancel(ticket: 99)
    #expect(loop.nextTimeoutMs == 0)
    #expect(Set(drive(loop, 2).keys) == [1, 3])
    try loop.start(HTTPRequest(url: server.url("/late")), ticket: 1)
    loop.cancel(ticket: 2)
    loop.cancel(ticket: 4)
    let done = drive(loop, 3)
    #expect(errorCode(done[2]?.result) == .cancelled)
    #expect(errorCode(done[4]?.result) == .cancelled)
    #expect(try done[1]?.result.get().body == Array("late".utf8))
    try loop.start(HTTPRequest(url: server.url("/")), ticket: 5)
    try loop.start(HTTPRequest(url: server.url("/")), ticket: 6)
    try loop.start(HTTPRequest(url: server.url("/")), ticket: 7)
    loop.cancelAll()
    #expect(drive(loop, 3).values.allSatisfy { errorCode($0.result) == .cancelled })
    #expect(loop.inFlight == 0)
  }

  @Test(arguments: [
    "file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http:///x", "http://user:pw@127.0.0.1/",
    "http://127.0.0.1/a b", "http://127.0.0.1/\r\nX: y", "127.0.0.1/x", "http://:80/",
  ]) func unfitURLsAreRefused(_ url: String) throws {
    let loop = try TransferLoop()
    let error = #expect(throws: HTTPError.self) {
      try loop.start(HTTPRequest(url: url), ticket: 1)
    }
    #expect(error?.code == .invalidRequest)
    #expect(loop.inFlight == 0)
  }

  @Test func errorsNameTheOriginAndNothingElse() throws {
    let server = LoopbackServer { _ in .bytesThenClose("nonsense\r\n\r\n") }
    defer { server.stop() }
    let loop = try TransferLoop()
    let request = HTTPRequest(
      url: server.url("/services/path-secret?key=query-secret"),
      headers: ["Authorization": "Bearer header-secret"])
    guard case .failure(let error) = try send(loop, request) else {
      Issue.record("the nonsense was taken")
      return
    }
    #expect(error.description.contains("http://127.0.0.1:\(server.port)"))
    #expect(!error.description.contains("secret"))
  }
}
