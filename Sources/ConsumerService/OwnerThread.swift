// A thread of its own for work that blocks: such work never runs on the cooperative pool.
import Glibc

/// Starts a detached thread that runs `body` once.
enum OwnerThread {
  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  static func start(_ body: @escaping @Sendable () -> Void) {
    // Retained here, taken by the thread's first line.
    let box = Unmanaged.passRetained(Body(body)).toOpaque()
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { box in
        guard let box else { return nil }
        Unmanaged<Body>.fromOpaque(box).takeRetainedValue().run()
        return nil
      }, box)
    precondition(status == 0, "OwnerThread.start: pthread_create failed with \(status)")
    pthread_detach(thread)
  }
}
