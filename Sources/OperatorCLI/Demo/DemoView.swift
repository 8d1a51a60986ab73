// The demo's live view: a few lines redrawn on a terminal, a plain line a second elsewhere.

/// Draws the counts. Not thread-safe: one task draws.
struct DemoView {
  private let terminal: Terminal
  private var drawnLines = 0
  private var lastPlainMs: Int64 = 0
  private let startMs: Int64

  init(terminal: Terminal, nowMs: Int64) {
    self.terminal = terminal
    startMs = nowMs
  }

  /// A line that stays.
  mutating func say(_ text: String) {
    drawnLines = 0
    terminal.line(text)
  }

  mutating func draw(_ values: DemoCounts.Values, nowMs: Int64, isLast: Bool = false) {
    if terminal.isInteractive {
      let lines = Self.panel(values, seconds: Double(nowMs - startMs) / 1000, terminal)
      terminal.redraw(lines, over: drawnLines)
      drawnLines = lines.count
    } else if isLast || nowMs - lastPlainMs >= 1000 {
      lastPlainMs = nowMs
      terminal.line(Self.plain(values))
    }
  }

  static func plain(_ values: DemoCounts.Values) -> String {
    "accepted \(values.acceptedEvents)  in flight \(values.inFlight)  fetched \(values.fetched)  "
      + "written \(values.written + values.gone)  superseded \(values.superseded)  "
      + "duplicates \(values.duplicates)  retried \(values.retried)  "
      + "dead-lettered \(values.deadLettered)"
  }

  private static func panel(
    _ values: DemoCounts.Values, seconds: Double, _ terminal: Terminal
  ) -> [String] {
    let bar = Self.bar(done: values.ended, of: values.acceptedEvents)
    return [
      terminal.paint("  receiver  ", .bold)
        + "accepted \(values.acceptedEvents) events in \(values.acceptedRequests) requests, "
        + "refused \(values.refusedRequests)",
      terminal.paint("  kafka     ", .bold) + "in flight \(values.inFlight)  \(bar)",
      terminal.paint("  consumer  ", .bold)
        + "fetched \(values.fetched)  retried "
        + terminal.paint(String(values.retried), .yellow) + "  dead-lettered "
        + terminal.paint(String(values.deadLettered), .red),
      terminal.paint("  database  ", .bold)
        + "written " + terminal.paint(String(values.written + values.gone), .green)
        + "  superseded \(values.superseded)  duplicates dropped \(values.duplicates)",
      terminal.paint("  \(Int(seconds * 10) / 10).\(Int(seconds * 10) % 10) s", .dim),
    ]
  }

  private static func bar(done: Int, of total: Int) -> String {
    let width = 30
    let filled = total == 0 ? 0 : min(width, done * width / total)
    return "[" + String(repeating: "#", count: filled)
      + String(repeating: ".", count: width - filled) + "]"
  }
}
