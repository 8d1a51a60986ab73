// A moment by which something is over.

internal import Glibc

struct Deadline {
  private let atMs: Int64

  init(afterMs: Int) { atMs = Self.nowMs + Int64(afterMs) }

  /// Never negative; fits what `poll` takes.
  var remainingMs: Int32 { Int32(clamping: max(0, atMs - Self.nowMs)) }

  var hasPassed: Bool { remainingMs == 0 }

  /// Milliseconds of a clock that only goes forward.
  static var nowMs: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
