// Lets another thread end the owner thread's wait.
import Glibc

/// A pipe: `signal` from any thread makes `fileDescriptor` readable until `clear`.
final class Wakeup: Sendable {
  let fileDescriptor: Int32
  private let writeEnd: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    let status = pipe(&ends)
    // Out of descriptors at start: nothing of this process can work.
    precondition(status == 0, "Wakeup.init: pipe failed with errno \(errno)")
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    fileDescriptor = ends[0]
    writeEnd = ends[1]
  }

  deinit {
    close(fileDescriptor)
    close(writeEnd)
  }

  func signal() {
    var byte: UInt8 = 1
    // A full pipe means that a signal is pending anyway.
    _ = write(writeEnd, &byte, 1)
  }

  func clear() {
    var bytes: (UInt64, UInt64) = (0, 0)
    // Signals are few: whoever signals does so only when nothing was pending.
    while read(fileDescriptor, &bytes, 16) == 16 {}
  }

  /// Waits until signalled or for `timeoutMs`; clears the signal.
  func wait(timeoutMs: Int32) {
    var descriptor = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
    _ = poll(&descriptor, 1, timeoutMs)
    clear()
  }
}
