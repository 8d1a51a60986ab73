// Senders on plain sockets that remember what they sent and what they were told.
import Foundation
import Glibc
import Model
import Providers
import Signatures
import Synchronization

/// Keeps a receiver busy until it dies. Every event has a number of its own, used once.
final class KillLoad: Sendable {
  struct Result: Sendable {
    var sent: Set<Int> = []
    /// Those of requests that were answered with 2xx.
    var stored: Set<Int> = []
    /// Requests with another answer.
    var refused = 0
    var lastNumber: Int
  }

  private static let senders = 12
  private let port: Int
  private let seed: UInt64
  private let state: Mutex<Result>
  private let begun = Atomic<Bool>(false)

  init(port: Int, firstNumber: Int, seed: UInt64) {
    self.port = port
    self.seed = seed
    state = Mutex(Result(lastNumber: firstNumber - 1))
  }

  var result: Result { state.withLock { $0 } }

  /// Returns when every sender has lost its receiver. The times count from the first answer.
  func run(
    faultMs: Int, fault: @escaping @Sendable () -> Void, killMs: Int,
    kill: @escaping @Sendable () -> Void
  ) async {
    let clock = DispatchQueue(label: "kill.clock")
    let start: @Sendable () -> Void = { [self] in
      guard !begun.exchange(true, ordering: .relaxed) else { return }
      clock.asyncAfter(deadline: .now() + .milliseconds(faultMs), execute: fault)
      clock.asyncAfter(deadline: .now() + .milliseconds(killMs), execute: kill)
    }
    // Should no answer ever come.
    clock.asyncAfter(deadline: .now() + .seconds(2), execute: start)
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<Self.senders {
        group.addTask {
          await withCheckedContinuation { done in
            Thread {
              self.send(UInt64(index), onAnswer: start)
              done.resume()
            }.start()
          }
        }
      }
    }
    // The clock is done when this is: nothing of this round happens in the next.
    await withCheckedContinuation { done in
      clock.asyncAfter(deadline: .now() + .milliseconds(max(0, faultMs - killMs))) { done.resume() }
    }
  }

  private func send(_ index: UInt64, onAnswer: () -> Void) {
    guard
      let signer = try? Signer(
        Scheme.builtIn("hubspot-v3"), secret: Rig.secret, publicURL: Rig.publicURL),
      let descriptor = connect()
    else { return }
    defer { close(descriptor) }
    var random = SplitMix64(seed: seed &+ index)
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let numbers = take(Int.random(in: 1...3, using: &random))
      guard let bytes = try? Self.request(numbers, signer) else { return }
      guard Self.sendAll(descriptor, bytes) else { return }
      // Answers are smaller than a segment, and one comes for each request.
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 12 else { return }
      let status = String(decoding: buffer[9..<12], as: UTF8.self)
      let isStored = status.hasPrefix("2")
      state.withLock { state in
        if isStored { state.stored.formUnion(numbers) } else { state.refused += 1 }
      }
      if isStored { onAnswer() }
      // A connection that is to close.
      if String(decoding: buffer[..<count], as: UTF8.self).contains("Connection: close") { return }
    }
  }

  /// Sent from now on: a request can be stored that its sender did not finish writing about.
  private func take(_ count: Int) -> [Int] {
    state.withLock { state in
      let numbers = Array((state.lastNumber + 1)...(state.lastNumber + count))
      state.lastNumber += count
      state.sent.formUnion(numbers)
      return numbers
    }
  }

  private static func request(_ numbers: [Int], _ signer: Signer) throws -> [UInt8] {
    let events = numbers.map {
      #"{"eventId":\#($0),"portalId":62515,"occurredAt":1700000000123,"objectId":\#($0),"#
        + #""subscriptionType":"contact.creation"}"#
    }
    let body = Array("[\(events.joined(separator: ","))]".utf8)
    let now = Int64(Date().timeIntervalSince1970 * 1000)
    let headers = try signer.headers(target: "/hooks/crm", body: body, nowMs: now)
    let lines = headers.map { "\($0): \($1)\r\n" }.joined()
    let head =
      "POST /hooks/crm HTTP/1.1\r\nHost: x\r\n\(lines)Content-Length: \(body.count)\r\n\r\n"
    return Array(head.utf8) + body
  }

  private static func sendAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  private func connect() -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let isUp = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    if isUp { return descriptor }
    close(descriptor)
    return nil
  }
}
