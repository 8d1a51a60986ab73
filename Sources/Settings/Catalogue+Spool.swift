// The settings of what happens while Kafka is away.

extension Catalogue {
  static let spool: [Entry<SpoolSettings>] = [
    .text(
      "path", \.path, .any,
      "A SQLite database file on a disk that outlives the process; it is created. Its folder must "
        + "exist."),
    .integer(
      "bytes_max", \.bytesMax, default: 1 << 30, 65_536...(1 << 40), .bytes,
      "Bodies and headers on disk; beyond it the answer is 503. The file itself grows somewhat "
        + "larger and keeps its size."),
    .integer(
      "rows_max", \.rowsMax, default: 250_000, 1...100_000_000, .count,
      "Events on disk; each takes about 150 bytes of memory. Beyond it the answer is 503."),
    .integer(
      "after_ms", \.afterMs, default: 1000, 50...60_000, .milliseconds,
      "An event that Kafka has not acknowledged after this is written to the spool as well, and "
        + "answered with 2xx."),
  ]
}

extension CrossChecks {
  static func spool(_ configuration: Configuration, _ reader: inout SettingReader) {
    let place = SettingPath("receiver.spool")
    guard let spool = configuration.receiver.spool else {
      for source in configuration.sources.values.sorted(by: { $0.name < $1.name })
      where source.spool != "none" && !reader.hasFailed(place) {
        reader.report(
          SettingPath(["sources", source.name, "spool"]),
          "needs receiver.spool, which says where the file is")
      }
      return
    }
    let deadline = configuration.receiver.requestDeadlineMs
    if spool.afterMs >= deadline, !reader.hasFailed(place + "after_ms"),
      !reader.hasFailed(SettingPath("receiver.request_deadline_ms"))
    {
      reader.report(
        place + "after_ms",
        "\(spool.afterMs) must be below receiver.request_deadline_ms, \(deadline): else the"
          + " answer is 503 before the spool is tried")
    }
  }
}
