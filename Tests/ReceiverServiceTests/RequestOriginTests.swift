// Who sent it, told from what may be told by anybody.

import Model
import Signatures
import Testing

@testable import ReceiverService

@Suite struct RequestOriginTests {
  static let trusted = ["10.0.0.0/8", "2001:db8::/32", "127.0.0.1"].compactMap {
    try? IPNetwork($0)
  }

  func origin(
    _ peer: String, _ headers: [(String, String)], secure: Bool = false
  ) -> (origin: RequestOrigin, url: String?) {
    RequestView.with(
      method: "POST", target: "/hooks/crm?a=b", headers: [("Host", "inner:8080")] + headers,
      body: []
    ) { view in
      let origin = RequestOrigin(
        RequestOrigin.Peer(address: IPAddress(peer), isSecure: secure, subject: "CN=x"),
        head: view.head, fields: view.fields, trusted: Self.trusted)
      return (origin, origin.publicURL(view))
    }
  }

  struct Walk: Sendable {
    let peer: String
    let forwarded: [String]
    let client: String

    init(_ peer: String, _ forwarded: [String], _ client: String) {
      self.peer = peer
      self.forwarded = forwarded
      self.client = client
    }
  }

  @Test(arguments: [
    // A stranger may write what it likes.
    Walk("192.0.2.1", ["10.0.0.1"], "192.0.2.1"),
    Walk("192.0.2.1", [], "192.0.2.1"),
    Walk("10.0.0.1", [], "10.0.0.1"),
    Walk("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
    // Only what a trusted one wrote counts: the rest is the sender's invention.
    Walk("10.0.0.1", ["1.1.1.1, 192.0.2.7"], "192.0.2.7"),
    Walk("10.0.0.1", ["1.1.1.1, 192.0.2.7, 10.9.9.9"], "192.0.2.7"),
    Walk("10.0.0.1", ["192.0.2.7,10.9.9.9\t, 127.0.0.1"], "192.0.2.7"),
    // Several headers are one list.
    Walk("10.0.0.1", ["1.1.1.1", "192.0.2.7", "10.3.3.3, 10.2.2.2"], "192.0.2.7"),
    // All trusted: the farthest.
    Walk("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    // Ports, brackets, IPv6, and IPv4 in IPv6's clothes.
    Walk("10.0.0.1", ["192.0.2.7:4711"], "192.0.2.7"),
    Walk("10.0.0.1", ["[2001:db9::7]:443"], "2001:db9:0:0:0:0:0:7"),
    Walk("10.0.0.1", ["[2001:db9::7]"], "2001:db9:0:0:0:0:0:7"),
    Walk("10.0.0.1", ["2001:db9::7"], "2001:db9:0:0:0:0:0:7"),
    Walk("2001:db8::1", ["192.0.2.7, 2001:db8:1::2"], "192.0.2.7"),
    Walk("::ffff:10.0.0.1", ["::ffff:192.0.2.7, ::ffff:10.1.1.1"], "192.0.2.7"),
    // Garbage ends the walk with the last good one.
    Walk("10.0.0.1", ["192.0.2.7, unknown"], "10.0.0.1"),
    Walk("10.0.0.1", ["192.0.2.7, , 10.0.0.2"], "10.0.0.2"),
    Walk("10.0.0.1", ["192.0.2.7, 10.0.0.2,"], "10.0.0.1"),
    Walk("10.0.0.1", ["192.0.2.7, _hidden, 10.0.0.2"], "10.0.0.2"),
    Walk("10.0.0.1", ["192.0.2.7:http"], "10.0.0.1"),
    Walk("10.0.0.1", ["192.0.2.7:"], "10.0.0.1"),
    Walk("10.0.0.1", ["192.0.2.7:123456"], "10.0.0.1"),
    Walk("10.0.0.1", ["[192.0.2.7]"], "10.0.0.1"),
    Walk("10.0.0.1", ["[2001:db9::7]x"], "10.0.0.1"),
    Walk("10.0.0.1", ["[2001:db9::7"], "10.0.0.1"),
    Walk("10.0.0.1", ["192.0.2.7 10.0.0.2"], "10.0.0.1"),
    Walk("10.0.0.1", [""], "10.0.0.1"),
  ])
  func theWalk(_ walk: Walk) {
    let (origin, _) = origin(walk.peer, walk.forwarded.map { ("x-forwarded-FOR", $0) })
    #expect(origin.client?.description == walk.client)
    #expect(origin.peerSubject == "CN=x")
  }

  @Test func withoutAnAddressNothingIsBelieved() {
    let (origin, url) = origin("not an address", [("X-Forwarded-For", "192.0.2.7")])
    #expect(origin.client == nil)
    #expect(!origin.isFromProxy)
    #expect(url == nil)
  }

  @Test(
    arguments: [
      ([], "http://inner:8080/hooks/crm?a=b"),
      ([("X-Forwarded-Proto", "https")], "https://inner:8080/hooks/crm?a=b"),
      (
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.example")],
        "https://a.example/hooks/crm?a=b"
      ),
      ([("X-Forwarded-Host", "a.example:8443")], "http://a.example:8443/hooks/crm?a=b"),
      // Two opinions are none.
      ([("X-Forwarded-Proto", "https, http")], "http://inner:8080/hooks/crm?a=b"),
      (
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "http")],
        "http://inner:8080/hooks/crm?a=b"
      ),
      ([("X-Forwarded-Proto", "javascript")], "http://inner:8080/hooks/crm?a=b"),
      ([("X-Forwarded-Host", "a.example"), ("X-Forwarded-Host", "b.example")], nil),
      ([("X-Forwarded-Host", "a.example, b.example")], nil),
      ([("X-Forwarded-Host", "a.example/x?")], nil),
      ([("X-Forwarded-Host", "user@a.example")], nil),
      ([("X-Forwarded-Host", "")], nil),
    ] as [([(String, String)], String?)])
  func theURL(_ headers: [(String, String)], _ url: String?) {
    #expect(origin("10.0.0.1", headers).url == url)
    #expect(origin("192.0.2.1", headers).url == nil)
  }

  @Test func theConnectionsOwnTLSCounts() {
    #expect(origin("10.0.0.1", [], secure: true).url == "https://inner:8080/hooks/crm?a=b")
    let stranger = origin("192.0.2.1", [("X-Forwarded-Proto", "http")], secure: true).origin
    #expect(stranger.isSecure)
  }
}
