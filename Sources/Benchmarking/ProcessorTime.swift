// The clocks that a measurement reads.

internal import Glibc

/// CPU time of this process and time on the wall, in microseconds.
struct ProcessorTime {
  let cpuUs: Double
  let wallUs: Double

  static func now() -> ProcessorTime {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return ProcessorTime(
      cpuUs: Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec),
      wallUs: Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3)
  }
}
