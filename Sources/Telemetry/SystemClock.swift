// The machine's two clocks, for the services; decisions get their readings as arguments.

import Glibc

package enum SystemClock {
  /// Milliseconds since some fixed moment; never goes back. For time-outs.
  package static var monotonicMs: Int64 { monotonicUs / 1000 }

  /// The same in microseconds.
  package static var monotonicUs: Int64 { microseconds(CLOCK_MONOTONIC) }

  /// Milliseconds since the Unix epoch. For what is written down.
  package static var wallMs: Int64 { wallUs / 1000 }

  /// The same in microseconds.
  package static var wallUs: Int64 { microseconds(CLOCK_REALTIME) }

  private static func microseconds(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }
}
