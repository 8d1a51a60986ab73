// The two clocks of the consumer's shell; the decisions get their readings as arguments.
import Glibc

enum Clock {
  /// Milliseconds since some fixed moment; never goes back. For time-outs.
  static var monotonicMs: Int64 { read(CLOCK_MONOTONIC) }

  /// Milliseconds since the Unix epoch. For what is written down.
  static var wallMs: Int64 { read(CLOCK_REALTIME) }

  /// The same in microseconds.
  static var wallUs: Int64 {
    let time = time(CLOCK_REALTIME)
    return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    let time = time(clock)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  private static func time(_ clock: clockid_t) -> timespec {
    var time = timespec()
    clock_gettime(clock, &time)
    return time
  }
}
