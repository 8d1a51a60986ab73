// The clocks that measurements read, in nanoseconds; times by the calendar are SystemClock's.

internal import Glibc

enum BenchmarkClock {
  static var monotonicNs: Int64 { ns(CLOCK_MONOTONIC) }
  /// CPU time of the calling thread.
  static var threadNs: Int64 { ns(CLOCK_THREAD_CPUTIME_ID) }
  /// CPU time of this process.
  static var processNs: Int64 { ns(CLOCK_PROCESS_CPUTIME_ID) }

  private static func ns(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
