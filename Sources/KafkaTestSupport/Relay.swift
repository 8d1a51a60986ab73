// Between librdkafka 2.0.2 and the stand-alone broker: takes the tagged fields out of the broker's
// first answer. librdkafka 2.0.2 skips one byte too few of each tagged field, and so rejects this
// broker, whose "finalized features epoch" of -1 then reads as a huge length. (Apache Kafka's
// epochs are small, and survive the same misreading.)

import Glibc
import Synchronization

/// Listens on a loopback port and passes every connection on to another. Two threads a connection,
/// so that a client that stands still holds up nobody else.
final class Relay: Sendable {
  let port: UInt16
  private let listener: Int32
  private let target: UInt16
  private let state = Mutex<State>(State())

  private struct State {
    var links: [ObjectIdentifier: Link] = [:]
    var threads = 0
    var isClosed = false
  }

  init(target: UInt16) throws(StandaloneBrokerError) {
    self.target = target
    (listener, port) = try Loopback.listen()
    guard spawn({ self.acceptAll() }) else {
      Glibc.close(listener)
      throw StandaloneBrokerError(description: "no thread for the relay")
    }
  }

  /// Ends every connection, and waits up to 5 s for the threads.
  func close() {
    state.withLock { state in
      state.isClosed = true
      for link in state.links.values { link.shut() }
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for _ in 0..<1000 where state.withLock({ $0.threads }) > 0 { usleep(5000) }
    Glibc.close(listener)
  }

  private func acceptAll() {
    while true {
      let client = accept(listener, nil, nil)
      guard client >= 0 else {
        if errno == EINTR || errno == ECONNABORTED { continue }
        return
      }
      _ = fcntl(client, F_SETFD, FD_CLOEXEC)
      guard let broker = Loopback.connect(target) else {
        Glibc.close(client)
        continue
      }
      let link = Link(client: client, broker: broker)
      // A thread that does not start has its half ended here.
      if !admit(link) || !spawn({ self.run(link) { $0.passBack() } }) { finish(link) }
      if !spawn({ self.run(link) { $0.passOn() } }) { finish(link) }
    }
  }

  private func admit(_ link: Link) -> Bool {
    state.withLock { state in
      guard !state.isClosed else { return false }
      state.links[ObjectIdentifier(link)] = link
      return true
    }
  }

  private func run(_ link: Link, _ half: (Link) -> Void) {
    half(link)
    finish(link)
  }

  private func finish(_ link: Link) {
    guard link.endHalf() else { return }
    // No lock is needed for the descriptors: only the last half closes them, and `close` shuts
    // down only links that are still listed.
    state.withLock { state in
      state.links[ObjectIdentifier(link)] = nil
      link.closeBoth()
    }
  }

  private func spawn(_ body: @escaping @Sendable () -> Void) -> Bool {
    state.withLock { $0.threads += 1 }
    let isUp = DetachedThread.start { [self] in
      body()
      state.withLock { $0.threads -= 1 }
    }
    if !isUp { state.withLock { $0.threads -= 1 } }
    return isUp
  }
}

/// One connection through the relay, served by two halves that end together.
final class Link: Sendable {
  private let client: Int32
  private let broker: Int32
  private let halves = Atomic<Int>(2)

  init(client: Int32, broker: Int32) {
    self.client = client
    self.broker = broker
  }

  func passOn() { pump(from: client, to: broker) }

  /// The first answer without its tagged fields, then everything as it is.
  func passBack() {
    guard let size = read(4), size.count == 4 else { return }
    let count = size.reduce(0) { $0 << 8 | Int($1) }
    guard count <= 1 << 20, let answer = read(count), answer.count == count else { return }
    let stripped = ApiVersionsAnswer.withoutTags(answer) ?? answer
    let length = UInt32(stripped.count)
    let framed = (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + stripped
    guard framed.withUnsafeBytes({ Loopback.writeAll(client, $0) }) else { return }
    pump(from: broker, to: client)
  }

  func shut() {
    shutdown(client, Int32(SHUT_RDWR))
    shutdown(broker, Int32(SHUT_RDWR))
  }

  /// True for the half that ends last.
  func endHalf() -> Bool {
    shut()
    return halves.subtract(1, ordering: .acquiringAndReleasing).newValue == 0
  }

  func closeBoth() {
    Glibc.close(client)
    Glibc.close(broker)
  }

  private func read(_ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    let got = bytes.withUnsafeMutableBytes {
      recv(broker, $0.baseAddress, count, Int32(MSG_WAITALL))
    }
    return got == count ? bytes : nil
  }

  private func pump(from source: Int32, to sink: Int32) {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 8) { buffer in
      while true {
        let got = recv(source, buffer.baseAddress, buffer.count, 0)
        if got < 0, errno == EINTR { continue }
        guard got > 0 else { return }
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<got])
        guard Loopback.writeAll(sink, bytes) else { return }
      }
    }
  }
}

/// Kafka's answer to ApiVersions v3: correlation 4, error 2, compact array of (key 2, min 2, max 2,
/// tags), throttle 4, tags.
enum ApiVersionsAnswer {
  /// Nil when these bytes are no such answer.
  package static func withoutTags(_ answer: [UInt8]) -> [UInt8]? {
    var at = 6
    guard let entries = number(answer, &at), entries > 0 else { return nil }
    for _ in 1..<entries {
      at += 6
      guard at < answer.count, answer[at] == 0 else { return nil }
      at += 1
    }
    at += 4
    let end = at
    guard let tags = number(answer, &at) else { return nil }
    for _ in 0..<tags {
      guard number(answer, &at) != nil, let length = number(answer, &at) else { return nil }
      at += length
    }
    guard at == answer.count else { return nil }
    return answer[..<end] + [0]
  }

  private static func number(_ bytes: [UInt8], _ at: inout Int) -> Int? {
    var value = 0
    for shift in [0, 7, 14] {
      guard at < bytes.count else { return nil }
      let byte = bytes[at]
      at += 1
      value |= Int(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
