// HTTPSession from many tasks.

import HTTPClient
import Testing

@Suite struct HTTPSessionTests {
  @Test func manyTasksShareOneSession() async throws {
    let server = LoopbackServer { .ok($0.target) }
    defer { server.stop() }
    let session = try HTTPSession(HTTPLimits(connectionsPerHostMax: 4))
    let bodies = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
      for number in 0..<40 {
        let url = server.url("/\(number)")
        group.addTask { (number, try await session.send(HTTPRequest(url: url)).body) }
      }
      return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for number in 0..<40 { #expect(bodies[number] == Array("/\(number)".utf8)) }
    #expect(server.seen.openMax <= 4)
    await session.close()
    await session.close()
  }

  @Test func aCancelledTaskGivesItsRequestUp() async throws {
    let server = LoopbackServer { _ in .silence }
    defer { server.stop() }
    let session = try HTTPSession()
    let url = server.url("/")
    let task = Task { try await session.send(HTTPRequest(url: url)) }
    while server.seen.requests.isEmpty { await Task.yield() }
    task.cancel()
    let error = await #expect(throws: HTTPError.self) { try await task.value }
    #expect(error?.code == .cancelled)
    let early = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await session.send(HTTPRequest(url: url))
    }
    let earlyError = await #expect(throws: HTTPError.self) { try await early.value }
    #expect(earlyError?.code == .cancelled)
    await session.close()
  }

  @Test func closeGivesUpWhatIsUnderWay() async throws {
    let server = LoopbackServer { _ in .silence }
    defer { server.stop() }
    let session = try HTTPSession()
    let url = server.url("/")
    let task = Task { try await session.send(HTTPRequest(url: url)) }
    while server.seen.requests.isEmpty { await Task.yield() }
    await session.close()
    let error = await #expect(throws: HTTPError.self) { try await task.value }
    #expect(error?.code == .cancelled)
    let late = await #expect(throws: HTTPError.self) {
      try await session.send(HTTPRequest(url: url))
    }
    #expect(late?.code == .cancelled)
    // The connection is gone, too: the server's thread sees its end.
    while server.seen.open > 0 { await Task.yield() }
  }

  @Test func aDroppedSessionEndsItsConnections() async throws {
    let server = LoopbackServer { .ok($0.target) }
    defer { server.stop() }
    do {
      let session = try HTTPSession()
      _ = try await session.send(HTTPRequest(url: server.url("/")))
      #expect(server.seen.open == 1)
    }
    while server.seen.open > 0 { await Task.yield() }
  }
}
