// Loopback sockets and threads: what the launcher needs of them.

import Glibc
import Synchronization

enum Loopback {
  /// A port nobody listened on a moment ago.
  static func freePort() throws(StandaloneBrokerError) -> UInt16 {
    let (descriptor, port) = try bind()
    close(descriptor)
    return port
  }

  static func listen() throws(StandaloneBrokerError) -> (descriptor: Int32, port: UInt16) {
    let (descriptor, port) = try bind()
    guard Glibc.listen(descriptor, 128) == 0 else {
      close(descriptor)
      throw StandaloneBrokerError(description: "cannot listen: errno \(errno)")
    }
    return (descriptor, port)
  }

  /// Nil when nobody listens there.
  static func connect(_ port: UInt16) -> Int32? {
    let descriptor = stream()
    var address = address(port)
    let isUp = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isUp else {
      close(descriptor)
      return nil
    }
    var one: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
    return descriptor
  }

  static func writeAll(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      // A peer that has gone is an error, not a signal.
      let sent = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      if sent < 0, errno == EINTR { continue }
      guard sent > 0 else { return false }
      rest = UnsafeRawBufferPointer(rebasing: rest[sent...])
    }
    return true
  }

  private static func bind() throws(StandaloneBrokerError) -> (descriptor: Int32, port: UInt16) {
    let descriptor = stream()
    var address = address(0)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else {
      close(descriptor)
      throw StandaloneBrokerError(description: "no free loopback port: errno \(errno)")
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }

  private static func stream() -> Int32 {
    socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
  }

  private static func address(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
  }
}

/// Lets exactly one caller do the ending.
final class Ending: Sendable {
  private let begun = Atomic<Bool>(false)
  func begin() -> Bool { !begun.exchange(true, ordering: .acquiringAndReleasing) }
}

private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
  return nil
}

enum DetachedThread {
  /// False: there is no thread, and `body` will not run.
  static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
    // +1, given back by the thread's first line, or here when there is no thread.
    let box = Unmanaged.passRetained(Body(body))
    var thread = pthread_t()
    guard pthread_create(&thread, nil, runBody, box.toOpaque()) == 0 else {
      box.release()
      return false
    }
    pthread_detach(thread)
    return true
  }
}
