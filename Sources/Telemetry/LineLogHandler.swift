// The log handler of every program: one line an event, to standard error.

import Glibc
package import Logging
import Synchronization

/// Writes lines. Values of metadata are copied with the handler, as swift-log demands.
struct LineLogHandler: LogHandler {
  var logLevel: Logger.Level
  var metadata: Logger.Metadata = [:]
  var metadataProvider: Logger.MetadataProvider?
  let label: String
  let format: LogFormat
  let nowMs: @Sendable () -> Int64
  let write: @Sendable (String) -> Void

  func log(event: LogEvent) {
    var fields = metadata
    if let provided = metadataProvider?.get() { fields.merge(provided) { $1 } }
    if let given = event.metadata { fields.merge(given) { $1 } }
    if let error = event.error { fields[LogKey.error.rawValue] = "\(error)" }
    let line = LogLine(
      timeMs: nowMs(), level: event.level, label: label, message: event.message.description,
      fields: fields)
    write(line.text(format))
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
}

extension Logger {
  /// A program's logger on standard error: JSON lines, or words where that is a terminal.
  ///
  /// `format` decides by hand; `write` and `nowMs` are for tests. Lines are whole whatever the
  /// thread.
  package static func program(
    label: String, level: Logger.Level = .info, format: LogFormat? = nil,
    nowMs: @escaping @Sendable () -> Int64 = { SystemClock.wallMs },
    write: @escaping @Sendable (String) -> Void = StandardError.write
  ) -> Logger {
    let format = format ?? (isatty(STDERR_FILENO) == 1 ? .text : .json)
    return Logger(label: label) { label in
      LineLogHandler(
        logLevel: level, label: label, format: format, nowMs: nowMs, write: write)
    }
  }
}

/// Whole lines to file descriptor 2.
package enum StandardError {
  private static let lock = Mutex<Void>(())

  /// Blocks while the reader is slow. What cannot be written is dropped.
  @Sendable package static func write(_ line: String) {
    lock.withLock { _ in WholeText.write(line, to: STDERR_FILENO) }
  }
}
