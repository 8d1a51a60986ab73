// A plain socket as sender, and what it hears.

import Foundation
import Glibc
import Synchronization

struct Answer: Sendable {
  let status: Int
  let head: String
  let body: String

  func header(_ name: String) -> String? {
    for line in head.split(separator: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2, parts[0].lowercased() == name.lowercased() {
        return parts[1].trimmingCharacters(in: .whitespaces)
      }
    }
    return nil
  }
}

/// A connection that sends bytes as they are. Every wait ends after ten seconds.
final class Sender: Sendable {
  private let descriptor: Int32
  private let pending = Mutex<[UInt8]>([])

  init(port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failed(description: "connect: errno \(errno)") }
  }

  deinit { Glibc.close(descriptor) }

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async throws {
    try await offPool { [descriptor] in
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes {
          Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count > 0 else { throw Failed(description: "send: errno \(errno)") }
        sent += count
      }
    }
  }

  /// The other side sees the end; its answer can still be read.
  func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// True when nothing at all has come.
  var isSilent: Bool {
    var byte: UInt8 = 0
    return pending.withLock { $0.isEmpty }
      && recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT | MSG_PEEK)) < 0
  }

  /// True when nothing at all has come by the end of that time; it waits no longer than it must.
  func staysSilent(forMs ms: Int32) async throws -> Bool {
    try await offPool {
      var waited = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
      _ = poll(&waited, 1, ms)
      return self.isSilent
    }
  }

  func answer() async throws -> Answer { try await offPool { try self.readAnswer() } }

  /// True when the other side has ended, possibly after bytes that nobody read.
  func ends() async throws -> Bool {
    try await offPool {
      while true {
        guard let more = try self.receive() else { return true }
        self.pending.withLock { $0 += more }
      }
    }
  }

  private func readAnswer() throws -> Answer {
    while true {
      if let answer = pending.withLock({ Self.takeAnswer(&$0) }) { return answer }
      guard let more = try receive() else { throw Failed(description: "the connection ended") }
      pending.withLock { $0 += more }
    }
  }

  private func receive() throws -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failed(description: "recv: errno \(errno)") }
    return count == 0 ? nil : Array(buffer[..<count])
  }

  private static func takeAnswer(_ bytes: inout [UInt8]) -> Answer? {
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
    let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
    let status = Int(head.split(separator: " ")[1]) ?? 0
    let bare = Answer(status: status, head: head, body: "")
    let length = Int(bare.header("Content-Length") ?? "0") ?? 0
    guard bytes.count >= end.upperBound + length else { return nil }
    let body = String(decoding: bytes[end.upperBound..<(end.upperBound + length)], as: UTF8.self)
    bytes.removeFirst(end.upperBound + length)
    return Answer(status: status, head: head, body: body)
  }
}
