// Lets another thread end the owner thread's wait.
import Glibc

/// An eventfd: `signal` from any thread makes `fileDescriptor` readable until `clear`.
final class Wakeup: Sendable {
  let fileDescriptor: Int32

  init() {
    fileDescriptor = eventfd(0, Int32(EFD_NONBLOCK.rawValue | EFD_CLOEXEC.rawValue))
    // Out of descriptors at start: nothing of this process can work.
    precondition(fileDescriptor >= 0, "Wakeup.init: eventfd failed with errno \(errno)")
  }

  deinit { close(fileDescriptor) }

  func signal() {
    var one: UInt64 = 1
    // A full counter means that a signal is pending anyway.
    _ = write(fileDescriptor, &one, 8)
  }

  func clear() {
    var count: UInt64 = 0
    _ = read(fileDescriptor, &count, 8)
  }

  /// Waits until signalled or for `timeoutMs`; clears the signal.
  func wait(timeoutMs: Int32) {
    var descriptor = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&descriptor, 1, timeoutMs)
    clear()
  }
}
