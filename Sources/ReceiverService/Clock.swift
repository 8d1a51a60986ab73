// The two clocks: one for deadlines, one for what a record says.

import Glibc

enum Clock {
  static var monotonicMicroseconds: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  static var monotonicMs: Int64 { monotonicMicroseconds / 1000 }

  /// Milliseconds since the Unix epoch.
  static var wallMs: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
