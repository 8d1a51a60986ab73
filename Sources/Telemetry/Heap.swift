// Who serves malloc. An event costs dozens of small allocations, many of them librdkafka's and
// libcurl's, and often another thread frees them: mimalloc makes that cheap, glibc does not.

internal import CMimalloc
import Glibc

package enum Heap {
  /// True where mimalloc serves this program's malloc, as it does when it is linked. A program
  /// that was linked otherwise works, and pays more CPU time for each event.
  package static var isMimalloc: Bool {
    guard let memory = malloc(16) else { return false }
    defer { free(memory) }
    return mi_is_in_heap_region(memory)
  }

  /// For the log of a service that starts without it.
  package static let warning =
    "the C library's malloc is in use, not mimalloc: every event costs more CPU time;"
    + " link the program with libmimalloc"
}
