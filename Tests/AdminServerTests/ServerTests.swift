// The server over a real loopback socket.

import NIOCore
import NIOPosix
import Telemetry
import Testing

@testable import AdminServer

@Suite(.timeLimit(.minutes(1))) struct ServerTests {
  private func withServer(
    registry: MetricRegistry = MetricRegistry(), limits: AdminServer.Limits = .init(),
    readiness: @escaping @Sendable () -> HealthState = { .ok },
    _ body: (AdminServer) async throws -> Void
  ) async throws {
    let server = try await AdminServer.start(
      address: "127.0.0.1", port: 0, registry: registry, readiness: readiness, limits: limits)
    do { try await body(server) } catch {
      await server.close()
      throw error
    }
    await server.close()
  }

  private func get(_ path: String) -> String {
    "GET \(path) HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
  }

  @Test func metricsAreServedWithTheirMediaType() async throws {
    let registry = MetricRegistry()
    registry.gauge(MetricCatalogue.receiverConnections).set(7)
    try await withServer(registry: registry) { server in
      #expect(server.port > 0)
      let answer = try await exchange(server.port, get("/metrics"))
      #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
      #expect(answer.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"))
      #expect(answer.contains("\nhookferry_receiver_connections 7\n"))
    }
  }

  @Test func readinessFollowsTheService() async throws {
    let cell = HealthCell()
    try await withServer(readiness: { cell.state }) { server in
      let before = try await exchange(server.port, get("/readyz"))
      #expect(before.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
      #expect(before.hasSuffix("\r\n\r\nstarting\n"))
      cell.set(.ok)
      let after = try await exchange(server.port, get("/readyz"))
      #expect(after.hasPrefix("HTTP/1.1 200 OK\r\n"))
    }
  }

  @Test func oneConnectionCarriesManyRequests() async throws {
    try await withServer { server in
      let first = "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
      let head = "HEAD /metrics HTTP/1.1\r\nhost: x\r\n\r\n"
      let answer = try await exchange(server.port, first + head + get("/nowhere"))
      let statuses = answer.split(separator: "\r\n").filter { $0.contains("HTTP/1.1 ") }
        .map { $0.suffix(while: { $0 != "\n" }) }
      #expect(statuses == ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found"])
    }
  }

  @Test func longHeadersAndNonsenseAreRefused() async throws {
    var limits = AdminServer.Limits()
    limits.headerBytesMax = 1000
    try await withServer(limits: limits) { server in
      let long = String(repeating: "a", count: 2000)
      let answer = try await exchange(
        server.port, "GET /livez HTTP/1.1\r\nhost: x\r\nx: \(long)\r\n\r\n")
      #expect(!answer.contains("200 OK"))
      let nonsense = try await exchange(server.port, "nonsense\r\n\r\n")
      #expect(!nonsense.contains("200 OK"))
      #expect(try await exchange(server.port, get("/livez")).contains("200 OK"))
    }
  }

  @Test func aSlowRequestIsCutOff() async throws {
    var limits = AdminServer.Limits()
    limits.requestTimeoutMs = 50
    try await withServer(limits: limits) { server in
      let answer = try await exchange(server.port, "GET /livez HTTP/1.1\r\nhost:")
      #expect(answer == "")
    }
  }

  @Test func moreConnectionsThanAllowedAreClosed() async throws {
    var limits = AdminServer.Limits()
    limits.connectionsMax = 1
    try await withServer(limits: limits) { server in
      let held = try await connect(server.port)
      // An answer proves that the first connection has been admitted.
      try await held.channel.writeAndFlush(
        ByteBuffer(string: "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"))
      _ = try await held.firstBytes.get()
      #expect(try await exchange(server.port, get("/livez")) == "")
      try await held.channel.close()
      _ = try? await held.text.get()
    }
  }

  /// A port that the system gives to nobody who asks for any: once freed it stays free.
  private func startBelowEphemeralPorts() async throws -> AdminServer {
    var last: (any Error)?
    for port in (20_000..<30_000).shuffled().prefix(20) {
      do {
        return try await AdminServer.start(
          address: "127.0.0.1", port: port, registry: MetricRegistry(), readiness: { .ok })
      } catch {
        last = error
      }
    }
    throw try #require(last)
  }

  @Test func closingEndsIdleConnectionsAndFreesThePort() async throws {
    let server = try await startBelowEphemeralPorts()
    let held = try await connect(server.port)
    try await held.channel.writeAndFlush(
      ByteBuffer(string: "GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"))
    _ = try await held.firstBytes.get()
    await server.close()
    await server.close()
    #expect(try await held.text.get().hasSuffix("ok\n"))
    let again = try await AdminServer.start(
      address: "127.0.0.1", port: server.port, registry: MetricRegistry(), readiness: { .ok })
    #expect(again.port == server.port)
    await again.close()
  }

  @Test func aTakenPortIsAnErrorWithItsRemedy() async throws {
    try await withServer { server in
      await #expect {
        try await AdminServer.start(
          address: "127.0.0.1", port: server.port, registry: MetricRegistry(),
          readiness: { .ok })
      } throws: { error in
        "\(error)".hasPrefix("cannot listen on 127.0.0.1:\(server.port): ")
          && "\(error)".hasSuffix("; choose another admin_port")
      }
    }
  }
}

extension Substring {
  fileprivate func suffix(while isWanted: (Character) -> Bool) -> String {
    String(reversed().prefix(while: isWanted).reversed())
  }
}
