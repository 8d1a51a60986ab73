// Leaving the group and ending the client, around four faults of librdkafka 2.0.2 that would hang
// or abort the process.

import CRdKafka
import Glibc

extension Consumer {
  /// Leaves the group and ends the client; finish and commit before. `beforeRevoke` is called once
  /// for the partitions that are given back, unless they are lost: the last chance to commit.
  ///
  /// False: the group was not left within `timeoutMs` (0: not even tried), and may wait for the
  /// session to end. When the coordinator stands still this returns up to `socketTimeoutMs` later
  /// than `timeoutMs`. A second call does nothing.
  @discardableResult
  package func close(
    timeoutMs: Int32, beforeRevoke: (([TopicPartition]) -> Void)? = nil
  ) -> Bool {
    guard !isClosed else { return true }
    let isHalfJoined = !hasBeenAssigned && hasHalfJoined()
    let leaving =
      timeoutMs > 0
      ? leave(deadlineMs: Monotonic.nowMs + Int64(timeoutMs), beforeRevoke) : .notTried
    isClosed = true
    disown(owned.map(\.topicPartition))
    signal(events, on: false)
    events.close()
    // A client that cannot be destroyed safely is left behind: it is out of its group, and rare.
    if !isHalfJoined, leaving != .stuck { Client.destroy(client) }
    Glibc.close(wakeDescriptor)
    return leaving == .inTime
  }

  private enum Leaving {
    case notTried, inTime, late
    /// Still leaving. To destroy the client now could wait for ever: librdkafka forgets that it
    /// waits for the answer of a LeaveGroup request that the destruction makes fail.
    case stuck
  }

  /// True for a cooperative member that has joined but was never assigned anything. To destroy it
  /// would abort the process: librdkafka destroys the assignor's state, which only the first
  /// assignment creates.
  private func hasHalfJoined() -> Bool {
    // No join completes from here on.
    _ = rd_kafka_unsubscribe(client)
    return isCooperative
  }

  private func leave(deadlineMs: Int64, _ beforeRevoke: (([TopicPartition]) -> Void)?) -> Leaving {
    // A rebalance that was never answered would be waited for, and for ever.
    guard answerPending(deadlineMs: deadlineMs) else { return .stuck }
    if let error = rd_kafka_consumer_close_queue(client, events.raw) {
      // A fatal error came before; destroying needs no leaving then.
      rd_kafka_error_destroy(error)
      return .notTried
    }
    while rd_kafka_consumer_closed(client) == 0 {
      let leftMs = deadlineMs + leaveGraceMs - Monotonic.nowMs
      guard leftMs > 0 else { return .stuck }
      var news: [ConsumerEvent] = []
      // In slices: the end itself comes as no event.
      _ = events.next(timeoutMs: Int32(clamping: min(leftMs, 50))) { translate($0, into: &news) }
      for case .revoked(let partitions, let isLost) in news
      where !isLost && Monotonic.nowMs < deadlineMs {
        beforeRevoke?(partitions)
      }
      guard answerPending(deadlineMs: deadlineMs) else { return .stuck }
    }
    return Monotonic.nowMs <= deadlineMs ? .inTime : .late
  }

  /// Gives back whatever a rebalance brought or asks for; failure leaves the group's own time-outs
  /// to sort it out. False when librdkafka never answers: a group that ends at that very moment
  /// throws the call away, and its caller would wait for ever.
  private func answerPending(deadlineMs: Int64) -> Bool {
    let partitions: [TopicPartition]
    switch pendingRebalance {
    case nil: return true
    case .assign: partitions = []
    case .revoke(let revoked): partitions = revoked
    }
    let isRevoke = if case .revoke = pendingRebalance { true } else { false }
    pendingRebalance = nil
    let client = SharedPointer(raw: client)
    // librdkafka's own thread answers it, without a broker.
    let waitMs = max(deadlineMs - Monotonic.nowMs, 2000)
    return Client.within(waitMs: Int(waitMs)) {
      if isRevoke {
        try? Consumer.unassign(client.raw, partitions)
      } else {
        try? Consumer.assign(client.raw, [])
      }
    }
  }
}
