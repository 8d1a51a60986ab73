// A record and what is being done about it.
import Kafka
import Model

/// One received record; what a lane holds.
struct Work: Sendable {
  let partition: TopicPartition
  let record: ConsumedRecord
  /// When it was polled, on the monotonic clock.
  let receivedMs: Int64
}

/// An attempt under way, kept by ticket until it ends.
struct Attempt {
  let work: Work
  let event: Event
  let key: RecordKey
  let pipeline: Pipeline
  /// When the fetch was sent, strictly rising in one process: breaks ties between equal versions.
  let observedAtUs: Int64
}
