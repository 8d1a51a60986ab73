// An HTTP/1.1 server for tests: a thread a connection, answers scripted down to the byte.

import Foundation
import Glibc
import Synchronization

/// Listens on 127.0.0.1 from `init` to `stop`.
final class LoopbackServer: Sendable {
  /// A server that takes its time: the handler's thread waits.
  static func delay(ms: Int32) { _ = poll(nil, 0, ms) }

  struct Incoming: Sendable {
    var method = ""
    var target = ""
    /// Lines as received, without their ends.
    var headerLines: [String] = []
    var body: [UInt8] = []

    func header(_ name: String) -> String? {
      headerLines.first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
        .map { $0.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces) }
    }
  }

  enum Reply: Sendable {
    case bytes(String)
    case bytesThenClose(String)
    /// Piece by piece, with a pause after each.
    case slow([String], pauseMs: Int32)
    /// Nothing at all, until the other side goes away.
    case silence

    static func ok(_ body: String, headers: [String] = []) -> Reply {
      let lines = ["HTTP/1.1 200 OK", "Content-Length: \(body.utf8.count)"] + headers
      return .bytes(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
    }
  }

  struct Counts: Sendable {
    var connections = 0
    var open = 0
    var openMax = 0
    var requests: [Incoming] = []
  }

  let port: UInt16
  private let listener: Int32
  private let counts = Mutex(Counts())
  private let handler: @Sendable (Incoming) -> Reply

  init(_ handler: @escaping @Sendable (Incoming) -> Reply) {
    self.handler = handler
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let (listener, size) = (listener, length)
    let bound = withUnsafeMutableBytes(of: &address) { raw in
      guard let pointer = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return false
      }
      return bind(listener, pointer, size) == 0 && listen(listener, 128) == 0
        && getsockname(listener, pointer, &length) == 0
    }
    precondition(bound, "no loopback port")
    port = UInt16(bigEndian: address.sin_port)
    Thread { [self] in acceptLoop() }.start()
  }

  var seen: Counts { counts.withLock { $0 } }
  func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }
  func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

  private func acceptLoop() {
    while true {
      let connection = accept(listener, nil, nil)
      guard connection >= 0 else { break }
      counts.withLock {
        $0.connections += 1
        $0.open += 1
        $0.openMax = max($0.openMax, $0.open)
      }
      Thread { [self] in
        serve(connection)
        close(connection)
        counts.withLock { $0.open -= 1 }
      }.start()
    }
    close(listener)
  }

  private func serve(_ connection: Int32) {
    var buffer: [UInt8] = []
    while let incoming = Self.read(connection, &buffer) {
      counts.withLock { $0.requests.append(incoming) }
      switch handler(incoming) {
      case .bytes(let text): Self.write(connection, text)
      case .bytesThenClose(let text):
        Self.write(connection, text)
        return
      case .slow(let pieces, let pauseMs):
        for piece in pieces {
          Self.write(connection, piece)
          Self.delay(ms: pauseMs)
        }
      case .silence:
        var byte: UInt8 = 0
        while recv(connection, &byte, 1, 0) > 0 {}
        return
      }
    }
  }

  private static func write(_ connection: Int32, _ text: String) {
    let bytes = Array(text.utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      sent += count
    }
  }

  private static func read(_ connection: Int32, _ buffer: inout [UInt8]) -> Incoming? {
    let end = Array("\r\n\r\n".utf8)
    while true {
      if let head = buffer.firstRange(of: end) {
        let lines = String(decoding: buffer[..<head.lowerBound], as: UTF8.self)
          .components(separatedBy: "\r\n")
        var incoming = Incoming()
        let parts = lines[0].split(separator: " ")
        incoming.method = String(parts[0])
        incoming.target = String(parts[1])
        incoming.headerLines = Array(lines.dropFirst())
        let length = incoming.header("Content-Length").flatMap { Int($0) } ?? 0
        if buffer.count >= head.upperBound + length {
          incoming.body = Array(buffer[head.upperBound..<(head.upperBound + length)])
          buffer.removeFirst(head.upperBound + length)
          return incoming
        }
      }
      var chunk = [UInt8](repeating: 0, count: 16_384)
      let count = recv(connection, &chunk, chunk.count, 0)
      guard count > 0 else { return nil }
      buffer += chunk[..<count]
    }
  }
}
