// What malloc does with memory that is freed.

internal import CHeap

package enum Heap {
  /// Freed memory that stays with the process: about what a burst has in flight.
  private static let keptBytes = 16 << 20
  private static let stepBytes = 1 << 20

  /// For services, before they start. A batch's memory would otherwise go back to the system and
  /// be faulted in again some hundred times a second.
  package static func keepFreed() { _ = cheap_keep(keptBytes, stepBytes) }
}
