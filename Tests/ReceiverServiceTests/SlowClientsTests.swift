// Two thousand senders that never come to an end, and what the others feel of them.

import Foundation
import Glibc
import Synchronization
import Testing

@testable import ReceiverService

@Suite(.serialized, .timeLimit(.minutes(2))) struct SlowClientsTests {
  @Test func othersDoNotWaitForSlowOnes() async throws {
    // Both ends are in this process.
    let files = FileLimit.raise() ?? 1024
    let count = min(2000, (files - 400) / 2)
    // Nobody is cut off meanwhile.
    let lines = [
      "request_read_timeout_ms: 60000", "header_timeout_ms: 60000", "body_idle_timeout_ms: 60000",
    ]
    try await Harness.with(publisher: FakePublisher(), lines) { harness in
      let sender = try await harness.connect()
      _ = try await Self.median(sender, 100)
      var alone: [Duration] = []
      var beside: [Duration] = []
      for _ in 0..<3 {
        alone.append(try await Self.median(sender, 200))
        let crowd = try SlowCrowd(port: harness.ports.webhooks, count: count)
        // Past the rush of so many new connections.
        _ = try await Self.median(sender, 200)
        beside.append(try await Self.median(sender, 200))
        #expect(crowd.end() == count, "slow senders were cut off")
      }
      print("medians beside \(count) slow senders: \(beside), alone: \(alone)")
      // A loop that waited for slow senders would wait for seconds, since each sends two bytes in
      // two. What they cost otherwise is for `make bench-receiver` to say, by the p99: here other
      // tests have the processor too.
      #expect(beside.allSatisfy { $0 < .milliseconds(500) })
    }
  }

  /// Of so many requests, all of which must be taken.
  private static func median(_ sender: Sender, _ count: Int) async throws -> Duration {
    let request = try Harness.request(Bodies.events(1...1))
    var times: [Duration] = []
    for _ in 0..<count {
      let start = ContinuousClock.now
      try await sender.send(request)
      #expect(try await sender.answer().status == 200)
      times.append(ContinuousClock.now - start)
    }
    times.sort()
    return times[times.count / 2]
  }
}

/// Connections that drip: half of them a head without end, half a body.
private final class SlowCrowd: Sendable {
  private let descriptors: [Int32]
  private let isEnding = Atomic<Bool>(false)
  private let alive = Mutex<Int?>(nil)

  init(port: Int, count: Int) throws {
    descriptors = try (0..<count).map { _ in try Self.connect(port) }
    let ended = DispatchSemaphore(value: 0)
    self.ended = ended
    Thread { [self] in
      drip()
      ended.signal()
    }.start()
  }

  private let ended: DispatchSemaphore

  /// How many could send to the end.
  func end() -> Int {
    isEnding.store(true, ordering: .relaxed)
    ended.wait()
    return alive.withLock { $0 ?? 0 }
  }

  private func drip() {
    let head = Array("POST /hooks/crm HTTP/1.1\r\nHost: x\r\n".utf8)
    let body = head + Array("Content-Length: 100000\r\n\r\n".utf8)
    var dead: Set<Int32> = []
    for (index, descriptor) in descriptors.enumerated() {
      let bytes = index % 2 == 0 ? Array(head.prefix(10)) : body
      _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
    var at = 0
    while !isEnding.load(ordering: .relaxed) {
      // Everybody two bytes in two seconds.
      for _ in 0..<max(1, descriptors.count / 400) {
        let descriptor = descriptors[at % descriptors.count]
        at += 1
        if send(descriptor, "x-", 2, Int32(MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 {
          dead.insert(descriptor)
        }
      }
      poll(nil, 0, 5)
    }
    var byte: UInt8 = 0
    for descriptor in descriptors
    where recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT)) >= 0 || errno != EAGAIN {
      dead.insert(descriptor)
    }
    for descriptor in descriptors { close(descriptor) }
    alive.withLock { $0 = descriptors.count - dead.count }
  }

  private static func connect(_ port: Int) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failed(description: "connect: errno \(errno)") }
    return descriptor
  }
}
