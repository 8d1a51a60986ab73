// Deadlines: the state by itself, and against servers that take their time.

import Foundation
import Glibc
import Testing

@testable import HTTPClient

@Suite struct DeadlineTests {
  private static let ms: UInt64 = 1_000_000

  @Test func theFirstByteIsWaitedForFromTheSending() {
    var deadlines = Deadlines(startNs: 0, totalMs: 100, firstByteMs: 30)
    #expect(deadlines.dueNs == 100 * Self.ms)
    #expect(deadlines.verdict(nowNs: 40 * Self.ms) == nil)
    deadlines.sent(nowNs: 50 * Self.ms)
    #expect(deadlines.dueNs == 80 * Self.ms)
    #expect(deadlines.verdict(nowNs: 80 * Self.ms - 1) == nil)
    #expect(deadlines.verdict(nowNs: 80 * Self.ms) == .firstByte)
    deadlines.sent(nowNs: 60 * Self.ms)
    #expect(deadlines.verdict(nowNs: 80 * Self.ms) == nil)
    #expect(deadlines.verdict(nowNs: 100 * Self.ms) == .total)
    deadlines.answered()
    deadlines.sent(nowNs: 65 * Self.ms)
    #expect(deadlines.dueNs == 100 * Self.ms)
    #expect(deadlines.verdict(nowNs: 99 * Self.ms) == nil)
  }

  @Test func withoutAFirstByteTimeoutOnlyTheWholeCounts() {
    var deadlines = Deadlines(startNs: 5, totalMs: 1, firstByteMs: nil)
    deadlines.sent(nowNs: 6)
    #expect(deadlines.dueNs == Self.ms + 5)
  }

  @Test func aServerThatSaysNothingFailsEarly() throws {
    let server = LoopbackServer { _ in .silence }
    defer { server.stop() }
    let loop = try TransferLoop()
    for request in [
      HTTPRequest(url: server.url("/"), firstByteTimeoutMs: 100),
      HTTPRequest(
        method: "POST", url: server.url("/"), body: [1, 2, 3], firstByteTimeoutMs: 100),
    ] {
      let start = ContinuousClock.now
      guard case .failure(let error) = try send(loop, request) else {
        Issue.record("silence was taken for an answer")
        return
      }
      #expect(error.code == .timeout)
      #expect(error.description.contains("no byte"))
      #expect(ContinuousClock.now - start >= .milliseconds(100))
    }
    #expect(loop.nextTimeoutMs == nil)
  }

  @Test func aServerThatBeganIsNotHurried() throws {
    let server = LoopbackServer { incoming in
      .slow(["HTTP/1.1 200 OK\r\n", "Content-Length: 2\r\n\r\n", "o", "k"], pauseMs: 400)
    }
    defer { server.stop() }
    let request = HTTPRequest(url: server.url("/"), firstByteTimeoutMs: 1000)
    #expect(try send(try TransferLoop(), request).get().body == Array("ok".utf8))
  }

  @Test func aSlowEndMeetsTheTotalTimeout() throws {
    let server = LoopbackServer { _ in
      .slow(
        ["HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"] + Array(repeating: "x", count: 50),
        pauseMs: 50)
    }
    defer { server.stop() }
    let loop = try TransferLoop()
    let slow = HTTPRequest(url: server.url("/"), totalTimeoutMs: 2000, firstByteTimeoutMs: 1500)
    guard case .failure(let error) = try send(loop, slow) else {
      Issue.record("half an answer was taken")
      return
    }
    #expect(error.code == .timeout)
    #expect(error.description.contains("no complete response"))
  }

  @Test func theEarliestOfManyDeadlinesIsMet() throws {
    let server = LoopbackServer { _ in .silence }
    defer { server.stop() }
    let loop = try TransferLoop()
    for (ticket, ms) in [(1, 60_000), (2, 100), (3, 30_000)] as [(UInt64, Int32)] {
      try loop.start(HTTPRequest(url: server.url("/"), totalTimeoutMs: ms), ticket: ticket)
    }
    #expect(Array(drive(loop, 1).keys) == [2])
    #expect(loop.inFlight == 2)
    loop.cancel(ticket: 1)
    loop.cancel(ticket: 3)
    #expect(Set(drive(loop, 2).keys) == [1, 3])
  }

  /// 127.0.0.1 with a full backlog does not answer a SYN.
  @Test func connectingHasItsOwnTimeout() throws {
    let full = try #require(FullListener())
    defer { full.close() }
    let loop = try TransferLoop()
    let start = ContinuousClock.now
    let request = HTTPRequest(
      url: "http://127.0.0.1:\(full.port)/", connectTimeoutMs: 150, totalTimeoutMs: 20_000)
    guard case .failure(let error) = try send(loop, request) else {
      Issue.record("a full listener answered")
      return
    }
    #expect(error.code == .timeout)
    #expect(error.description.contains("no connection"))
    #expect(ContinuousClock.now - start < .seconds(5))
  }
}

/// A listener whose queue of connections is full: the next one waits for its SYN to be answered.
struct FullListener {
  let port: UInt16
  private let descriptors: [Int32]

  init?() {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let size = length
    var opened = [listener]
    let isReady = withUnsafeMutableBytes(of: &address) { raw -> Bool in
      guard let pointer = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        bind(listener, pointer, size) == 0, listen(listener, 0) == 0,
        getsockname(listener, pointer, &length) == 0
      else { return false }
      for _ in 0..<4 {
        let client = socket(
          AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        _ = connect(client, pointer, size)
        opened.append(client)
      }
      return true
    }
    guard isReady else { return nil }
    port = UInt16(bigEndian: address.sin_port)
    descriptors = opened
  }

  func close() { for descriptor in descriptors { Glibc.close(descriptor) } }
}
