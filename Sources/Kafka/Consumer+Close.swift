// Leaving the group and ending the client.

import CRdKafka
import Glibc

extension Consumer {
  /// Leaves the group and ends the client; finish and commit before. `beforeRevoke` is called once
  /// for the partitions that are given back, unless they are lost: the last chance to commit.
  /// False: the group was not left within `timeoutMs`, and waits for the session to end. A second
  /// call does nothing. Ending the client takes a moment more than `timeoutMs`.
  @discardableResult
  package func close(
    timeoutMs: Int32, beforeRevoke: (([TopicPartition]) -> Void)? = nil
  ) -> Bool {
    guard !isClosed else { return true }
    let hasLeft = leave(deadlineMs: Monotonic.nowMs + Int64(timeoutMs), beforeRevoke)
    isClosed = true
    disown(owned.map(\.topicPartition))
    signal(events, on: false)
    events.close()
    Client.destroy(client)
    Glibc.close(wakeDescriptor)
    return hasLeft
  }

  private func leave(deadlineMs: Int64, _ beforeRevoke: (([TopicPartition]) -> Void)?) -> Bool {
    // A rebalance that was never answered would be waited for.
    answerPending()
    if let error = rd_kafka_consumer_close_queue(client, events.raw) {
      rd_kafka_error_destroy(error)
      return false
    }
    while rd_kafka_consumer_closed(client) == 0 {
      let leftMs = deadlineMs - Monotonic.nowMs
      guard leftMs > 0 else { return false }
      var news: [ConsumerEvent] = []
      // In slices: the end itself comes as no event.
      _ = events.next(timeoutMs: Int32(clamping: min(leftMs, 100))) { translate($0, into: &news) }
      for case .revoked(let partitions, let isLost) in news where !isLost {
        beforeRevoke?(partitions)
      }
      answerPending()
    }
    return true
  }

  private func answerPending() {
    switch pendingRebalance {
    // Failure leaves the group's own time-outs to sort it out.
    case .assign: try? completeAssign([])
    case .revoke: try? completeRevoke()
    case nil: break
    }
  }
}
