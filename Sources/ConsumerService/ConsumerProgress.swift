// What the consumer tells whoever watches: the demo's live view, and tests that await events.
package import Model

/// One step of one event, told on the owner thread; the receiver of it must not block.
package enum ConsumerProgress: Sendable {
  case assigned(partitions: Int)
  case revoked(partitions: Int, isLost: Bool)
  case received(count: Int)
  case fetched(key: RecordKey)
  case finished(eventId: String, outcome: Outcome)
  case retried(eventId: String, failure: Failure)
  case deadLettered(failure: Failure)
  /// A record went to the retry topic.
  case parked
  case committed(partition: Int32, offset: Int64)
}

package typealias ProgressObserver = @Sendable (ConsumerProgress) -> Void
