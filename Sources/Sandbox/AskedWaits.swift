// Who was asked to wait and came all the same.

/// The waits that answers have asked for. All callers are taken for one: with several, what one of
/// them was told counts against the others too.
struct AskedWaits: Sendable {
  private var waits: [Wait] = []

  private struct Wait {
    let fromMs: Int64
    let untilMs: Int64
  }

  /// Requests that were on their way when the answer was, are nobody's fault.
  static let graceMs: Int64 = 100
  /// Clocks of whole milliseconds, rounded twice.
  static let slackMs: Int64 = 5
  private static let waitsMax = 4096

  mutating func asked(atMs: Int64, untilMs: Int64) {
    guard untilMs > atMs + Self.graceMs, waits.count < Self.waitsMax else { return }
    waits.append(Wait(fromMs: atMs + Self.graceMs, untilMs: untilMs - Self.slackMs))
  }

  /// True for a request that should not have come yet.
  mutating func isAgainst(nowMs: Int64) -> Bool {
    guard !waits.isEmpty else { return false }
    waits.removeAll { $0.untilMs <= nowMs }
    return waits.contains { $0.fromMs <= nowMs }
  }
}
