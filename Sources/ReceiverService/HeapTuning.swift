// How the C library's heap behaves under a load that comes and goes many times a second.

import Glibc

/// What is freed at the end of a batch is wanted again by the next one: to give it back to the
/// system in between costs a system call and page faults each time, a few percent of a request.
enum HeapTuning {
  /// Free memory at the end of a heap that is kept: far above what one batch takes, far below what
  /// the receiver may take in all.
  private static let keptBytesMax: Int32 = 8 << 20
  /// Larger pieces are mapped on their own and given back at once.
  private static let mappedBytesMin: Int32 = 4 << 20

  // glibc's malloc.h has them as macros, which its Swift module leaves out.
  private static let trimThreshold: Int32 = -1
  private static let topPad: Int32 = -2
  private static let mmapThreshold: Int32 = -3

  /// Before the first thread is started. What cannot be set stays as it was.
  static func apply() {
    // Setting one switches off that the other adapts itself: both are set.
    _ = mallopt(trimThreshold, keptBytesMax)
    _ = mallopt(mmapThreshold, mappedBytesMin)
    _ = mallopt(topPad, 1 << 20)
  }
}
