// How much may be under way in the whole process.
import Model
import Synchronization

/// Requests and bytes in flight, over all event loops.
final class Admission: Sendable {
  private let requestsMax: Int
  private let bytesMax: Int
  private let requests = Atomic<Int>(0)
  private let bytes = Atomic<Int>(0)

  init(requestsMax: Int, bytesMax: Int) {
    self.requestsMax = requestsMax
    self.bytesMax = bytesMax
  }

  var requestsInFlight: Int { requests.load(ordering: .relaxed) }
  var bytesInFlight: Int { bytes.load(ordering: .relaxed) }

  /// Takes a request of this size in; false when it would be one too many.
  func enter(bytes count: Int) -> Bool {
    let before = requests.wrappingAdd(1, ordering: .relaxed).oldValue
    let bytesBefore = bytes.wrappingAdd(count, ordering: .relaxed).oldValue
    // The largest body is let in alone even when it is over the limit by itself.
    if before < requestsMax, bytesBefore == 0 || bytesBefore + count <= bytesMax { return true }
    leave(bytes: count)
    return false
  }

  func leave(bytes count: Int) {
    requests.wrappingSubtract(1, ordering: .relaxed)
    bytes.wrappingSubtract(count, ordering: .relaxed)
  }
}
