// The settings of what happens while Kafka is away.

extension Catalogue {
  static let sourcePace: [Entry<SourceSettings>] = [
    .optionalInteger(
      "rate_per_s", \.ratePerS, 1...1_000_000, .count,
      "Verified requests a second, all loops together; beyond it the answer is 429. Without it "
        + "there is no limit."),
    .optionalInteger(
      "burst", \.burst, 1...1_000_000, .count,
      "How many of those may come at once; as many as `rate_per_s` when left out."),
    .flag(
      "drop_repeats", \.dropsRepeats, default: false,
      "Answer a repeat of an acknowledged event with 2xx without publishing it again. The consumer "
        + "drops repeats anyway; only for providers whose events have ids of their own, or two "
        + "changes with the same body would count as one."),
  ]

  static let receiverRepeats: [Entry<ReceiverSettings>] = [
    .integer(
      "repeat_cache_entries_max", \.repeatCacheEntriesMax, default: 65_536, 0...10_000_000, .count,
      "Events remembered of each source: those whose sender heard 503 although they may be stored, "
        + "so that the next attempt is not stored again, and with `drop_repeats` all acknowledged "
        + "ones. 0 remembers nothing."),
    .integer(
      "repeat_cache_ttl_ms", \.repeatCacheTtlMs, default: 600_000, 1000...86_400_000,
      .milliseconds, "For how long."),
  ]

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
    for source in configuration.sources.values.sorted(by: { $0.name < $1.name })
    where source.burst != nil && source.ratePerS == nil {
      let place = SettingPath(["sources", source.name])
      guard !reader.hasFailed(place + "rate_per_s") else { continue }
      reader.report(place + "burst", "needs rate_per_s")
    }
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
