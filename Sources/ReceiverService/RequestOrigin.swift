// Where a request came from, as far as that can be trusted: behind a proxy the connection's other
// end is the proxy, and what stands in X-Forwarded-* is worth what the one who wrote it is.

import Model
import Signatures

/// Origin of one request. Made only where something asks for it. Pure.
struct RequestOrigin: Sendable, Equatable {
  /// The sender's address. Nil without an internet address at the connection's other end.
  var client: IPAddress?
  /// As the sender saw it: from a trusted X-Forwarded-Proto, else from this connection.
  var isSecure: Bool
  /// The connection's other end is one of `trusted_proxies`.
  var isFromProxy: Bool
  /// The subject of the client certificate that this connection verified (RFC 2253); of the proxy's
  /// where there is one.
  var peerSubject: String?

  /// What the connection itself tells, before any header.
  struct Peer: Sendable, Equatable {
    var address: IPAddress?
    var isSecure = false
    var subject: String?
  }

  /// `head` and `fields`: the request's head as it was read.
  init(
    _ peer: Peer, head: UnsafeRawBufferPointer, fields: UnsafeBufferPointer<RequestView.Field>,
    trusted: [IPNetwork]
  ) {
    client = peer.address
    isSecure = peer.isSecure
    peerSubject = peer.subject
    isFromProxy = peer.address.map { Self.isIn(trusted, $0) } ?? false
    guard isFromProxy else { return }
    let rows = FieldRows(head: head, fields: fields)
    client = Self.walk(rows.values("x-forwarded-for"), from: client, trusted)
    // Several values are several proxies' opinions: none is believed.
    switch rows.only("x-forwarded-proto").map({ String(decoding: $0, as: UTF8.self) }) {
    case "https"?, "HTTPS"?: isSecure = true
    case "http"?, "HTTP"?: isSecure = false
    default: break
    }
  }

  /// The URL that the sender used, where a trusted proxy vouches for it; nil otherwise. The host is
  /// X-Forwarded-Host or else Host, each only if there is one and it looks like a host.
  func publicURL(_ view: RequestView) -> String? {
    guard isFromProxy else { return nil }
    let rows = FieldRows(head: view.head, fields: view.fields)
    let forwarded = rows.values("x-forwarded-host")
    guard let host = forwarded.isEmpty ? rows.only("host") : rows.only("x-forwarded-host"),
      Self.isHost(host)
    else { return nil }
    return (isSecure ? "https://" : "http://") + String(decoding: host, as: UTF8.self)
      + String(decoding: view.target, as: UTF8.self)
  }

  /// From the right, each address was written by the one to its right: the walk goes on as long as
  /// those are trusted. What is no address ends it, with the last good one.
  private static func walk(
    _ values: [UnsafeRawBufferPointer], from peer: IPAddress?, _ trusted: [IPNetwork]
  ) -> IPAddress? {
    var last = peer
    for value in values.reversed() {
      let items = value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      for item in items.reversed() {
        guard let address = address(item[...]) else { return last }
        last = address
        if !isIn(trusted, address) { return last }
      }
    }
    return last
  }

  /// `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
  private static func address(_ item: Slice<UnsafeRawBufferPointer>) -> IPAddress? {
    var text = item
    while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
    while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
    if text.first == UInt8(ascii: "[") {
      guard let end = text.firstIndex(of: UInt8(ascii: "]")),
        isPort(text[text.index(after: end)...]),
        let address = IPAddress(text[text.index(after: text.startIndex)..<end]),
        text.contains(UInt8(ascii: ":"))
      else { return nil }
      return address
    }
    // One colon is a port's; more are an address's.
    if let colon = text.firstIndex(of: UInt8(ascii: ":")), text[..<colon].contains(0x2E) {
      return isPort(text[colon...]) ? IPAddress(text[..<colon]) : nil
    }
    return IPAddress(text)
  }

  /// Nothing, or a colon and up to five digits.
  private static func isPort(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    text.isEmpty
      || text.first == UInt8(ascii: ":") && (2...6).contains(text.count)
        && text.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
  }

  /// Letters, digits, `.`, `-`, and what IPv6 addresses and ports need.
  private static func isHost(_ text: UnsafeRawBufferPointer) -> Bool {
    !text.isEmpty && text.count <= 260
      && text.allSatisfy { byte in
        switch byte {
        case 0x30...0x3A, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5B, 0x5D, 0x5F: true
        default: false
        }
      }
  }

  private static func isIn(_ networks: [IPNetwork], _ address: IPAddress) -> Bool {
    networks.contains { $0.contains(address) }
  }
}

/// A head's fields by name, all the values of each: verification needs only ever the first.
private struct FieldRows {
  let head: UnsafeRawBufferPointer
  let fields: UnsafeBufferPointer<RequestView.Field>

  /// `name` in lower case.
  func values(_ name: StaticString) -> [UnsafeRawBufferPointer] {
    fields.compactMap { field in
      guard field.name.count == name.utf8CodeUnitCount else { return nil }
      for offset in 0..<field.name.count {
        let byte = head[Int(field.name.lowerBound) + offset]
        let lowered = byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
        if lowered != name.utf8Start[offset] { return nil }
      }
      return UnsafeRawBufferPointer(
        rebasing: head[Int(field.value.lowerBound)..<Int(field.value.upperBound)])
    }
  }

  /// The value, if there is one and no more.
  func only(_ name: StaticString) -> UnsafeRawBufferPointer? {
    let values = values(name)
    return values.count == 1 ? values[0] : nil
  }
}
