// Calls that block do not run on the cooperative pool.
import Dispatch

enum BlockingCall {
  private static let queue = DispatchQueue(label: "hookferry.blocking", attributes: .concurrent)

  /// Runs `body` on a thread that may block. `body` bounds its own time.
  static func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: body()) }
    }
  }
}
