// Addresses and networks: what is one, what is none, and what lies in what.

import Model
import Testing

@Suite struct IPAddressTests {
  @Test(arguments: [
    ("1.2.3.4", "1.2.3.4"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ("::ffff:10.1.2.3", "10.1.2.3"), ("::FFFF:a01:203", "10.1.2.3"),
    ("0:0:0:0:0:ffff:10.1.2.3", "10.1.2.3"),
    ("::", "0:0:0:0:0:0:0:0"), ("::1", "0:0:0:0:0:0:0:1"), ("1::", "1:0:0:0:0:0:0:0"),
    ("2001:DB8::8:800:200C:417A", "2001:db8:0:0:8:800:200c:417a"),
    ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1::8", "1:0:0:0:0:0:0:8"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("64:ff9b::192.0.2.33", "64:ff9b:0:0:0:0:c000:221"),
  ])
  func addresses(_ text: String, _ plain: String) throws {
    let address = try #require(IPAddress(text))
    #expect(address.description == plain)
    #expect(IPAddress(plain) == address)
  }

  @Test(arguments: [
    "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3",
    "1..2.3",
    "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "0x1.2.3.4", "1.2.3.a", "+1.2.3.4",
    ":", ":::", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "1:::2", "12345::",
    "g::", "fe80::1%eth0", "[::1]", "1:2:3:4:5:6:7::8", "::1:2:3:4:5:6:7:8", "1.2.3.4::",
    "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "unknown", "_hidden",
    "0000:0000:0000:0000:0000:ffff:255.255.255.2555",
  ])
  func noAddresses(_ text: String) { #expect(IPAddress(text) == nil) }

  @Test func bytes() {
    #expect(IPAddress(bytes: [10, 1, 2, 3] as [UInt8]) == IPAddress("10.1.2.3"))
    #expect(
      IPAddress(bytes: (0..<16).map { UInt8($0) }) == IPAddress("1:203:405:607:809:a0b:c0d:e0f"))
    #expect(IPAddress(bytes: [1, 2, 3] as [UInt8]) == nil)
  }

  @Test(arguments: [
    (
      "10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.1.1"],
      ["11.0.0.0", "9.255.255.255", "::a00:1"]
    ),
    ("10.1.2.3", ["10.1.2.3"], ["10.1.2.2"]),
    ("10.1.2.2/31", ["10.1.2.3", "10.1.2.2"], ["10.1.2.4", "10.1.2.1"]),
    ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "2001:db8::1"]),
    ("::/0", ["::1", "10.0.0.1"], []),
    ("2001:db8::/32", ["2001:db8:ffff::1"], ["2001:db9::", "2001:db7:ffff::"]),
    ("2001:db8:0:0:8000::/65", ["2001:db8:0:0:ffff::"], ["2001:db8:0:0:7fff::"]),
    ("2001:db8::/64", ["2001:db8::ffff"], ["2001:db8:0:1::"]),
    ("::1/128", ["::1"], ["::2", "::"]),
  ])
  func networks(_ text: String, _ inside: [String], _ outside: [String]) throws {
    let network = try IPNetwork(text)
    for address in inside { #expect(network.contains(try #require(IPAddress(address)))) }
    for address in outside { #expect(!network.contains(try #require(IPAddress(address)))) }
    #expect(try IPNetwork(network.description) == network)
  }

  @Test(arguments: ["", "/8", "10.0.0/8", "all", "10.0.0.0-10.0.0.9"])
  func notAnAddress(_ text: String) {
    #expect(throws: IPNetwork.Flaw.notAnAddress) { try IPNetwork(text) }
  }

  @Test(arguments: ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "::/129", "10.0.0.0/8/8", "::/-1"])
  func badLength(_ text: String) {
    #expect(throws: IPNetwork.Flaw.badLength) { try IPNetwork(text) }
  }

  @Test func hostBits() throws {
    #expect(throws: IPNetwork.Flaw.hostBits(try IPNetwork("10.0.0.0/8"))) {
      try IPNetwork("10.0.0.1/8")
    }
  }
}
