// The receiver's two clocks.
import Glibc

enum ReceiverClock {
  /// Milliseconds since some fixed moment; never goes back.
  static var monotonicMs: Int64 { read(CLOCK_MONOTONIC_COARSE) }
  /// Nanoseconds since the same moment, for measuring.
  static var monotonicNs: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
  /// Milliseconds since the Unix epoch.
  static var wallMs: Int64 { read(CLOCK_REALTIME) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
