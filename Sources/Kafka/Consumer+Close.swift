// Leaving the group and ending the client.

import CRdKafka
import Glibc

extension Consumer {
  /// Leaves the group and ends the client; finish and commit before. `beforeRevoke` is called once
  /// for the partitions that are given back, unless they are lost: the last chance to commit.
  /// False: the group was not left within `timeoutMs` (0: not even tried), and waits for the
  /// session to end. A second call does nothing. Ending the client takes a moment more than
  /// `timeoutMs`; when the coordinator stands still, up to `socketTimeoutMs`.
  @discardableResult
  package func close(
    timeoutMs: Int32, beforeRevoke: (([TopicPartition]) -> Void)? = nil
  ) -> Bool {
    guard !isClosed else { return true }
    let mayDestroy = hasBeenAssigned || !hasHalfJoined()
    let hasLeft =
      timeoutMs > 0 && leave(deadlineMs: Monotonic.nowMs + Int64(timeoutMs), beforeRevoke)
    isClosed = true
    disown(owned.map(\.topicPartition))
    signal(events, on: false)
    events.close()
    if mayDestroy { Client.destroy(client) }
    Glibc.close(wakeDescriptor)
    return hasLeft
  }

  /// True for a cooperative member that has joined but was never assigned anything. librdkafka
  /// 2.0.2 aborts the whole process when such a client is destroyed (it destroys the assignor's
  /// state, which the first assignment creates), so this one is left behind, out of its group.
  private func hasHalfJoined() -> Bool {
    // No join completes from here on.
    _ = rd_kafka_unsubscribe(client)
    return isCooperative
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
      guard leftMs > 0 else {
        // Answers the revoke that may just have been queued: librdkafka would wait for it for ever
        // while it is destroyed. Until it is terminating it would refuse this of a cooperative
        // member, but by now it is.
        _ = rd_kafka_assign(client, nil)
        return false
      }
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
