// Which committed offsets have been looked at.

/// How far the audit has come. Pure.
struct AuditBooks {
  private(set) var findings = Auditor.Findings()
  private var audited: [Int64]
  private var committed: [Int64]
  /// Poison to look at when the dead letters can be read again.
  private var deferred: [JournalEntry] = []

  /// Enough to see what goes wrong.
  private static let differencesMax = 50

  init(partitions: Int) {
    audited = Array(repeating: 0, count: partitions)
    committed = audited
  }

  /// The entries below what is committed that were not looked at before; poison waits while the
  /// dead letters cannot be read.
  mutating func due(
    _ committed: [Int64], _ entries: [[JournalEntry]], hasLetters: Bool
  ) -> [JournalEntry] {
    let due = deferred + fresh(committed, entries)
    deferred = hasLetters ? [] : due.filter { $0.kind == .poison }
    return hasLetters ? due : due.filter { $0.kind != .poison }
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
