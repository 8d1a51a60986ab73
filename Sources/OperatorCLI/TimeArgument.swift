// Points in time as a person types them.
import Model
import Telemetry

enum TimeArgument {
  static var nowMs: Int64 { SystemClock.wallMs }

  /// Milliseconds since the Unix epoch of an RFC 3339 time, or of so long ago: `90s`, `30m`, `6h`,
  /// `2d`. Nil for anything else.
  static func ms(_ text: String, nowMs: Int64) -> Int64? {
    if let time = Timestamp(rfc3339: text) { return time.ms }
    let units: [Character: Int64] = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    else { return nil }
    return nowMs - count * unit
  }
}
