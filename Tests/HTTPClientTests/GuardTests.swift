// URLs out of payloads do not lead into private networks.

import HTTPClient
import Model
import Testing

@Suite struct GuardTests {
  private func loop(_ exempt: [String] = []) throws -> TransferLoop {
    try TransferLoop(HTTPLimits(guardExemptions: exempt.map { try IPNetwork($0) }))
  }

  @Test(arguments: [
    "127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0", "[::1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
  ]) func loopbackIsRefusedHoweverItIsSpelled(_ host: String) throws {
    let server = LoopbackServer { _ in .ok("secret") }
    defer { server.stop() }
    let request = HTTPRequest(url: "http://\(host):\(server.port)/", isAddressGuarded: true)
    guard case .failure(let error) = try send(try loop(), request) else {
      Issue.record("\(host) was reached")
      return
    }
    #expect(error.code == .addressRefused)
    #expect(error.failureClass == .permanent)
    #expect(server.seen.connections == 0)
  }

  @Test(arguments: ["169.254.169.254", "10.1.2.3", "100.100.100.200", "[fd00:ec2::254]"])
  func privateNetworksAreRefusedWithoutAPacket(_ host: String) throws {
    let request = HTTPRequest(
      url: "http://\(host)/latest/meta-data", totalTimeoutMs: 3000, isAddressGuarded: true)
    #expect(errorCode(try send(try loop(), request)) == .addressRefused)
  }

  @Test func aConnectionOfAnUnguardedRequestIsNotBorrowed() throws {
    let server = LoopbackServer { .ok($0.target) }
    defer { server.stop() }
    let loop = try loop()
    let open = HTTPRequest(url: server.url("/open"))
    let guarded = HTTPRequest(url: server.url("/guarded"), isAddressGuarded: true)
    for _ in 0..<2 {
      #expect(try send(loop, open).get().status == 200)
      #expect(errorCode(try send(loop, guarded)) == .addressRefused)
    }
    #expect(server.seen.requests.allSatisfy { $0.target == "/open" })
    #expect(server.seen.requests.count == 2)
  }

  @Test func exemptNetworksAreReached() throws {
    let server = LoopbackServer { .ok($0.target) }
    defer { server.stop() }
    let request = HTTPRequest(url: server.url("/"), isAddressGuarded: true)
    let loop = try loop(["127.0.0.0/8"])
    for _ in 0..<2 { #expect(try send(loop, request).get().status == 200) }
    #expect(server.seen.connections == 1)
    #expect(errorCode(try send(try self.loop(["10.0.0.0/8"]), request)) == .addressRefused)
  }
}
