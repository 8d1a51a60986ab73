// The whole way of a request's bytes: head, body, chunks, signature, events, answers.

import Model
import NIOCore
import NIOEmbedded
import Providers
import ReceiverService
import Settings
import Signatures

/// An input is what one connection sends. It is sent in one piece, in pieces, and up to a sudden
/// end; the answers must not depend on the pieces, and nothing may be left behind.
final class RequestTarget: FuzzTarget {
  static let name = "request"
  private static let secret = "8b1a9953c4611296a827abf8c47804d7"
  private let receiver: BareReceiver
  private let publisher = FuzzPublisher()
  private let signer: Signer
  private let loop = EmbeddedEventLoop()

  init() throws {
    let text = """
      kafka: { bootstrap_servers: "127.0.0.1:1" }
      receiver:
        body_bytes_max: 2048
        header_bytes_max: 1024
        in_flight_bytes_max: 65536
      sources:
        many: { provider: hubspot, secrets: ["text:\(Self.secret)"], public_url: "https://h/hooks" }
        one:
          provider: hmac
          secrets: ["text:other", "text:\(Self.secret)"]
          signature: { header: X-Hub-Signature-256, prefix: "sha256=", signed: "{body}" }
          event: { id: "header:X-Id", object: "text:issue", record_id: "json:/id" }
      """
    var many = try Provider.named("hubspot")
    // Signatures without a time: inputs stay as good as they are.
    many.schemes = [try BuiltIn.timeless()]
    receiver = try BareReceiver(
      try Configuration.parse(text: text, file: "fuzz", environment: [:], scope: .receiver),
      providers: ["many": many], publisher: publisher)
    signer = try Signer(try BuiltIn.timeless(), secret: Self.secret)
  }

  let words =
    [
      "\r\n", "\r\n\r\n", "\n", "\r", "\r\n\t", "\r\n ", ":", " ", "\u{0}", "0\r\n\r\n",
      "1\r\na\r\n",
      "ffffffff\r\n", "100000000\r\n", "-1\r\n", "5;x=\"\r\n", "Content-Length: 5\r\n",
      "Content-Length: 0\r\n", "Content-Length: 99999999\r\n", "Content-Length: -1\r\n",
      "Content-Length: 5, 5\r\n", "Transfer-Encoding: chunked\r\n",
      "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n",
      "Connection: close\r\n", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n",
      "Host: x\r\n", "POST /hooks/one HTTP/1.1\r\nHost: x\r\n", "GET ", "HEAD ", "POST ",
      "HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "/hooks/", "/hooks/one?a=b", "/hooks/none", "X: y\r\n",
      "X: " + String(repeating: "y", count: 900) + "\r\n", String(repeating: "a:b\r\n", count: 101),
      "Content-Encoding: gzip\r\n", "X-Forwarded-For: 10.0.0.1, ::1\r\n", "Upgrade: h2c\r\n",
    ].map { Array($0.utf8) } + [[0xFF, 0xFE], [0xC3]]

  var seeds: [[UInt8]] {
    let one = #"{"id":7}"#
    let many = #"[{"objectId":1,"subscriptionType":"contact.creation"},{"objectId":2}]"#
    let large = #"{"id":""# + String(repeating: "x", count: 1200) + #""}"#
    let simple = request("one", one)
    return [
      simple, request("many", many), simple + simple + request("many", "[]"),
      request("one", one, "Connection: close\r\n"), request("one", one, version: "HTTP/1.0"),
      request("one", one, "Expect: 100-continue\r\n"), request("one", large) + simple,
      chunked("one", [one]) + simple,
      chunked("many", ["[{\"objectId\":1}", ",2]"], trailer: "A: b\r\n"),
      chunked("one", [large]), chunked("one", [], trailer: ""), request("none", one),
      request("one", one, signed: "{}"), Array("GET /hooks/one HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
      Array("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n".utf8), request("one", large + large),
      simple + chunked("many", [many]) + request("one", "{", "X-Id: 5\r\n"),
    ]
  }

  private func request(
    _ source: String, _ body: String, _ more: String = "", signed: String? = nil,
    version: String = "HTTP/1.1"
  ) -> [UInt8] {
    Array(
      ("POST /hooks/\(source) \(version)\r\nHost: x\r\nContent-Type: application/json\r\n"
        + "X-Hub-Signature-256: \(signature(signed ?? body))\r\n\(more)"
        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8)
  }

  private func chunked(_ source: String, _ parts: [String], trailer: String = "") -> [UInt8] {
    let chunks = parts.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined()
    return Array(
      ("POST /hooks/\(source) HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: "
        + "\(signature(parts.joined()))\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "\(chunks)0\r\n\(trailer)\r\n").utf8)
  }

  private func signature(_ body: String) -> String { signature(Array(body.utf8)) }

  private func signature(_ body: [UInt8]) -> String {
    let headers = try? signer.headers(target: "/", body: body, nowMs: 0)
    return headers?.last?.1 ?? "none can be made"
  }

  func check(_ input: [UInt8]) -> String? {
    let hash = Bytes.hash(input)
    var random = SplitMix64(seed: hash)
    let whole = send(input, pieces: [input], hash)
    if let finding = whole.finding { return "in one piece: \(finding)" }
    let pieces = Self.pieces(input, &random)
    let split = send(input, pieces: pieces, hash)
    if let finding = split.finding { return "in pieces \(pieces.map(\.count)): \(finding)" }
    if split.answers != whole.answers || split.published != whole.published {
      return "in pieces \(pieces.map(\.count)): \(split), in one: \(whole)"
    }
    guard hash % 4 == 0 else { return nil }
    return abandon(pieces, hash)
  }

  private static func pieces(_ input: [UInt8], _ random: inout SplitMix64) -> [[UInt8]] {
    // Byte by byte now and then; short inputs only, or it takes too long.
    let sizeMax =
      random.chance(0.15) && input.count < 700 ? 1 : 1 << Int.random(in: 1...9, using: &random)
    var rest = input[...]
    var pieces: [[UInt8]] = []
    while !rest.isEmpty {
      let count = min(rest.count, Int.random(in: 1...sizeMax, using: &random))
      pieces.append(Array(rest.prefix(count)))
      rest = rest.dropFirst(count)
    }
    return pieces
  }

  private func send(_ input: [UInt8], pieces: [[UInt8]], _ hash: UInt64) -> Exchange {
    publisher.begin(hash)
    var exchange = Exchange()
    do {
      let channel = try open()
      for piece in pieces where channel.isActive {
        try channel.writeInbound(ByteBuffer(bytes: piece))
        deliverAll()
      }
      receiver.elapse()
      loop.run()
      while let bytes = try channel.readOutbound(as: ByteBuffer.self) {
        exchange.bytes += Array(bytes.readableBytesView)
      }
      if channel.isActive { exchange.finding = "still open after every time-out" }
      exchange.finding = exchange.finding ?? leftBehind()
    } catch {
      exchange.finding = "\(error)"
    }
    exchange.published = publisher.published
    exchange.judge(input) { signature($0) }
    return exchange
  }

  /// The sender goes in the middle; reports come later.
  private func abandon(_ pieces: [[UInt8]], _ hash: UInt64) -> String? {
    publisher.begin(hash)
    do {
      let channel = try open()
      for piece in pieces.prefix(Int(hash >> 8) % (pieces.count + 1)) where channel.isActive {
        try channel.writeInbound(ByteBuffer(bytes: piece))
      }
      channel.close(promise: nil)
      loop.run()
      deliverAll()
    } catch {
      return "abandoned: \(error)"
    }
    return leftBehind().map { "abandoned: \($0)" }
  }

  private func open() throws -> EmbeddedChannel {
    let channel = EmbeddedChannel(loop: loop)
    channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
    guard try receiver.serve(channel.pipeline.syncOperations) else {
      throw ChannelError.operationUnsupported
    }
    return channel
  }

  private func deliverAll() {
    while case let reports = publisher.takeReports(), !reports.isEmpty { receiver.deliver(reports) }
  }

  private func leftBehind() -> String? {
    let left = (receiver.connectionsOpen, receiver.requestsInFlight, receiver.bytesInFlight)
    return left == (0, 0, 0) ? nil : "left behind: connections, requests, bytes \(left)"
  }
}
