// Log lines of refused requests, so many a second: whoever can reach the port can cause them.

import Logging
import Model
import Telemetry

/// Confined to one event loop.
final class RejectionLog {
  static let linesPerSecondMax = 5
  let logger: Logger
  private var second: Int64 = 0
  private var lines = 0
  private var suppressed = 0

  init(_ logger: Logger) { self.logger = logger }

  /// `source` nil before it is known; `origin` where it was asked for. `nowMs` is monotonic.
  func note(
    _ rejection: Rejection, source: String?, origin: RequestOrigin? = nil, nowMs: Int64
  ) {
    if nowMs / 1000 != second {
      if suppressed > 0 { logger.write(.info, "more requests refused", [.count: suppressed]) }
      second = nowMs / 1000
      lines = 0
      suppressed = 0
    }
    guard lines < Self.linesPerSecondMax else {
      suppressed += 1
      return
    }
    lines += 1
    var fields: LogFields = [
      .reason: rejection.rawValue, .source: source ?? MetricCatalogue.noSource,
    ]
    if let address = origin?.client { fields[.address] = address }
    if let subject = origin?.peerSubject { fields[.subject] = subject }
    logger.write(.info, "request refused", fields)
  }
}
