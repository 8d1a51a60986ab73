// From a source to a sink: which fetch, which database.
import HTTPClient
import Model
import Settings
import Stores
import Telemetry

/// One configured way from a source to a sink. A class, since every event has one at hand.
final class Pipeline: Sendable {
  let name: String
  let sink: String
  /// Nil writes the event's own value.
  let fetch: FetchPlan?
  /// Where the fetch goes, as a number among the consumer's destinations.
  let destination: Int
  /// Events of one record that one fetch may settle. 1 where each carries a state of its own.
  let coalesceRecordsMax: Int

  init(
    name: String, sink: String, fetch: FetchPlan?, destination: Int, coalesceRecordsMax: Int
  ) {
    self.name = name
    self.sink = sink
    self.fetch = fetch
    self.destination = destination
    self.coalesceRecordsMax = coalesceRecordsMax
  }
}

extension Attempt {
  func write(version: Int64, _ change: RecordWrite.Change) -> RecordWrite {
    var write = RecordWrite(
      eventId: newest.event.id, source: newest.event.source, key: key, version: version,
      observedAtUs: observedAtUs, change: change, appliedAtMs: SystemClock.wallMs)
    if events.count > 1 { write.alsoEventIds = events.dropLast().map(\.event.id) }
    return write
  }

  /// For pipelines without a fetch: the newest event's value is the state.
  func write(value: [UInt8]) -> RecordWrite {
    let event = newest.event
    // The version where the API does not tell one: the event's own, or when it happened.
    let version = event.recordVersion ?? event.timeMs ?? event.receivedAtMs
    var write = write(version: version, .upsert(payload: value))
    write.carriesEvent = true
    return write
  }
}
