// May the load balancer send requests here? Starts with no, follows the broker and shutdown.
import Synchronization

/// Read by the probe's thread, written by the broker probe and by shutdown; never blocks.
final class Readiness: Sendable {
  private let reason = Mutex<String?>("waiting for the first answer of the broker")
  private let isShuttingDown = Atomic<Bool>(false)

  /// Nil when ready; else why not.
  var unreadyReason: String? {
    isShuttingDown.load(ordering: .relaxed) ? "shutting down" : reason.withLock { $0 }
  }

  func brokerAnswered() { reason.withLock { $0 = nil } }
  func brokerAway(_ why: String) { reason.withLock { $0 = why } }
  func shuttingDown() { isShuttingDown.store(true, ordering: .relaxed) }
}
