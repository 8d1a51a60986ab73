// A thread of our own for a blocking loop.

import Glibc

private final class Body: Sendable {
  let run: @Sendable () -> Void
  init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func runBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
  LiveHandles.closed()
  body.run()
  return nil
}

/// One pthread that runs a closure; joined exactly once.
struct PollThread: Sendable {
  private let thread: pthread_t

  init(_ run: @escaping @Sendable () -> Void) throws(KafkaError) {
    // +1, given back by the thread's first line, or here when there is no thread.
    let body = Unmanaged.passRetained(Body(run))
    LiveHandles.opened()
    var thread = pthread_t()
    let result = pthread_create(&thread, nil, runBody, body.toOpaque())
    guard result == 0 else {
      body.release()
      LiveHandles.closed()
      throw KafkaError(.unknown, message: "no thread: errno \(result)")
    }
    self.thread = thread
  }

  /// True on this very thread.
  var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

  func join() { pthread_join(thread, nil) }
}
