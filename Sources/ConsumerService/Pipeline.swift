// From a source to a sink: which fetch, which database.
import HTTPClient
import Telemetry
import Kafka
import Model
import Settings
import Stores

/// One configured way from a source to a sink.
struct Pipeline: Sendable {
  let name: String
  let sink: String
  /// Nil writes the event's own value.
  let fetch: FetchPlan?
}

extension Attempt {
  /// The version to use where the API does not tell one: the event's own, or when it happened.
  var eventVersion: Int64 { event.recordVersion ?? event.timeMs ?? event.receivedAtMs }

  func write(version: Int64, _ change: RecordWrite.Change) -> RecordWrite {
    RecordWrite(
      eventId: event.id, source: event.source, key: key, version: version,
      observedAtUs: observedAtUs, change: change, appliedAtMs: SystemClock.wallMs)
  }

  /// For pipelines without a fetch.
  var eventAsWrite: RecordWrite {
    var write = write(version: eventVersion, .upsert(payload: work.record.value))
    write.carriesEvent = true
    return write
  }
}
