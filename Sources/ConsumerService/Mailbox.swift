// What other threads hand to an owner thread: pushed in batches, taken all at once.
import Synchronization

/// An unordered-between-senders, ordered-per-sender box; its bound is the work under way, which
/// the lane table limits.
final class Mailbox<Message: Sendable>: Sendable {
  private let messages = Mutex<[Message]>([])
  private let wakeup: Wakeup

  init(wakeup: Wakeup) { self.wakeup = wakeup }

  func push(_ batch: [Message]) {
    guard !batch.isEmpty else { return }
    let wasEmpty = messages.withLock { messages in
      defer { messages.append(contentsOf: batch) }
      return messages.isEmpty
    }
    // Only the first message wakes: whoever takes, takes all.
    if wasEmpty { wakeup.signal() }
  }

  func takeAll() -> [Message] {
    messages.withLock { messages in
      guard !messages.isEmpty else { return [] }
      defer { messages = [] }
      return messages
    }
  }
}
