// The fields of log lines. A closed list: a field that is not here cannot be logged by mistake,
// and there is none for payloads, secrets or authorization headers.

package import Logging

/// The name of a field.
package enum LogKey: String, Sendable, CaseIterable {
  // Where an event is.
  case source, pipeline, sink, topic, partition, offset, group, lane
  case eventId = "event_id"
  case requestId = "request_id"
  case trace
  // What became of it.
  case reason, outcome, status, stage, attempt, error
  case failureClass = "class"
  case durationMs = "duration_ms"
  case waitMs = "wait_ms"
  case count, bytes, limit, pending
  // The program.
  case address, subject, port, path, version, signal, state, lag, setting
}

/// Fields by name.
package typealias LogFields = [LogKey: any CustomStringConvertible & Sendable]

extension Logger {
  /// A line with typed fields; `message` and `fields` are made only when the level is on.
  package func write(
    _ level: Logger.Level, _ message: @autoclosure () -> String,
    _ fields: @autoclosure () -> LogFields = [:]
  ) {
    guard level >= logLevel else { return }
    var metadata: Logger.Metadata = [:]
    for (key, value) in fields() { metadata[key.rawValue] = .stringConvertible(value) }
    log(level: level, "\(message())", metadata: metadata)
  }

  /// A copy that puts these fields on every line.
  package func with(_ fields: LogFields) -> Logger {
    var copy = self
    for (key, value) in fields { copy[metadataKey: key.rawValue] = .stringConvertible(value) }
    return copy
  }
}
