// Which committed offsets have been looked at.

/// How far the audit has come. Pure.
struct AuditBooks {
  private(set) var findings = Auditor.Findings()
  private var audited: [Int64]
  private var committed: [Int64]
  /// To be looked at later: poison whose letters cannot be read, and what is parked.
  private var deferred: [JournalEntry] = []

  /// Enough to see what goes wrong.
  private static let differencesMax = 50

  init(partitions: Int) {
    audited = Array(repeating: 0, count: partitions)
    committed = audited
  }

  /// The entries below what is committed that were not looked at before; poison waits while the
  /// dead letters cannot be read. What waits in the retry topic is due once it does so no more.
  mutating func due(
    _ committed: [Int64], _ entries: [[JournalEntry]], waiting: Set<Place> = [], hasLetters: Bool
  ) -> [JournalEntry] {
    let all = deferred + fresh(committed, entries)
    func isDeferred(_ entry: JournalEntry) -> Bool {
      waiting.contains(entry.place) || !hasLetters && entry.kind == .poison
    }
    deferred = all.filter(isDeferred)
    return all.filter { !isDeferred($0) }
  }

  private func fresh(_ committed: [Int64], _ entries: [[JournalEntry]]) -> [JournalEntry] {
    committed.indices.flatMap { partition in
      entries[partition][
        min(
          Int(audited[partition]), entries[partition].count)..<min(
            max(Int(committed[partition]), Int(audited[partition])), entries[partition].count)]
    }
  }

  mutating func note(_ difference: Difference) {
    if findings.differences.count < Self.differencesMax { findings.differences.append(difference) }
  }

  /// Everything up to here has been looked at.
  mutating func close(_ now: [Int64]) {
    for partition in now.indices {
      if now[partition] < committed[partition] { findings.regressions += 1 }
      audited[partition] = max(audited[partition], now[partition])
    }
    committed = now
    findings.rounds += 1
  }
}
