// Is the consumer alive, and does it get on? Read by probes on other threads.
import Synchronization
import Telemetry

/// What the owner thread tells and the admin server asks; never blocks.
final class ConsumerHealth: Sendable {
  /// A loop that has not come round for this long hangs.
  private static let silenceMaxMs: Int64 = 10_000

  private let lastTickMs = Atomic<Int64>(SystemClock.monotonicMs)
  private let hasJoined = Atomic<Bool>(false)
  private let fatal = Mutex<String?>(nil)

  func tick(nowMs: Int64) { lastTickMs.store(nowMs, ordering: .relaxed) }

  /// Notes that the group has answered, be it with no partition at all.
  func joined() { hasJoined.store(true, ordering: .relaxed) }

  func fail(_ reason: String) { fatal.withLock { $0 = reason } }

  /// Nil while the loop comes round; else why the process should be restarted.
  var deadReason: String? {
    if let reason = fatal.withLock({ $0 }) { return "fatal Kafka error: \(reason)" }
    let silenceMs = SystemClock.monotonicMs - lastTickMs.load(ordering: .relaxed)
    return silenceMs > Self.silenceMaxMs ? "the loop has not come round for \(silenceMs) ms" : nil
  }

  /// Nil once the consumer is a member of its group; else why not yet.
  var unreadyReason: String? {
    deadReason ?? (hasJoined.load(ordering: .relaxed) ? nil : "waiting for the consumer group")
  }
}
