// A record and what is being done about it.
import Kafka
import Model

/// One received record, kept under its place in the lane table.
struct Work: Sendable {
  let partition: Int
  let record: ConsumedRecord
  /// When it was polled, on the monotonic clock.
  let receivedMs: Int64
  /// Nil until somebody had to look.
  var decoded: DecodedEvent?
  /// A batch could not tell of it: it is asked for by itself.
  var goesAlone = false
  /// The flood guard has let its dead letter pass.
  var mayBeBuried = false

  /// With a record that nothing else keeps in memory.
  var detached: Work {
    var work = Work(partition: partition, record: record.detached, receivedMs: receivedMs)
    work.decoded = decoded
    work.goesAlone = goesAlone
    work.mayBeBuried = mayBeBuried
    return work
  }
}

/// A record's event, read once.
final class DecodedEvent: Sendable {
  let event: Event
  let key: RecordKey
  let pipeline: Pipeline

  init(event: Event, key: RecordKey, pipeline: Pipeline) {
    self.event = event
    self.key = key
    self.pipeline = pipeline
  }
}

/// A run under way: its head, and the events that the same work settles.
struct Attempt {
  /// In log order; the last one is the newest. Never empty.
  let events: [DecodedEvent]
  /// When the fetch was sent, strictly rising in one process: breaks ties between equal versions.
  let observedAtUs: Int64

  var newest: DecodedEvent { events[events.count - 1] }
  var key: RecordKey { newest.key }
  var pipeline: Pipeline { newest.pipeline }

  /// What an answer must be at least as new as; nil where nobody says.
  func versionMin(comparesEventTime: Bool) -> Int64? {
    events.lazy.compactMap {
      $0.event.recordVersion ?? (comparesEventTime ? $0.event.timeMs : nil)
    }.max()
  }
}
