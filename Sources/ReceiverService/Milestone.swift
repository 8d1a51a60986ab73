// Something that happens once and that others wait for.

import Synchronization

/// A value that comes later, or the reason why it never will. Any thread.
package final class Milestone<Value: Sendable>: Sendable {
  private typealias Waiter = CheckedContinuation<Value, any Error>

  private struct Contents {
    var result: Result<Value, any Error>?
    var waiters: [Int: Waiter] = [:]
    var next = 0
    var cancelled: Set<Int> = []
  }

  private let contents = Mutex(Contents())

  init() {}

  /// The value, as soon as it is there. Throws the reason, or on cancellation.
  package func value() async throws -> Value {
    let number = contents.withLock { contents in
      contents.next += 1
      return contents.next
    }
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { waiter in wait(waiter, number) }
    } onCancel: {
      cancel(number)
    }
  }

  /// Only the first call counts.
  func reach(_ result: Result<Value, any Error>) {
    let waiters = contents.withLock { contents -> [Waiter] in
      guard contents.result == nil else { return [] }
      contents.result = result
      defer { contents.waiters = [:] }
      return Array(contents.waiters.values)
    }
    for waiter in waiters { waiter.resume(with: result) }
  }

  private func wait(_ waiter: Waiter, _ number: Int) {
    let result = contents.withLock { contents -> Result<Value, any Error>? in
      if let result = contents.result { return result }
      if contents.cancelled.remove(number) != nil { return .failure(CancellationError()) }
      contents.waiters[number] = waiter
      return nil
    }
    if let result { waiter.resume(with: result) }
  }

  private func cancel(_ number: Int) {
    let waiter = contents.withLock { contents -> Waiter? in
      guard let waiter = contents.waiters.removeValue(forKey: number) else {
        contents.cancelled.insert(number)
        return nil
      }
      return waiter
    }
    waiter?.resume(throwing: CancellationError())
  }
}
