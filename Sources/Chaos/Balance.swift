// The books of a scenario: what went in against what came out. Nothing here does I/O.

import FoundationEssentials
import Model
package import Sandbox
package import Stores

/// What a store holds, read at one time.
package struct StoreContents: Sendable {
  package var records: [StoredRecord] = []
  package var writes: [WriteLogRow] = []
  /// Of the events that were sent, those that the inbox knows.
  package var inbox: Set<String> = []

  package init() {}
}

/// Everything a scenario left behind.
package struct Balance: Sendable {
  package var entries: [JournalEntry]
  package var letters: [FoundLetter]
  package var store: StoreContents
  package var truth: [SandboxRecord]
  /// How many states of a version the API has shown, by record.
  package var states: EventFeed.StateCounts
  /// False when answers may be older than the record: then an old state can come up again.
  package var hasFreshAnswers: Bool

  package init(
    entries: [JournalEntry], letters: [FoundLetter], store: StoreContents,
    truth: [SandboxRecord], states: EventFeed.StateCounts, hasFreshAnswers: Bool = true
  ) {
    self.entries = entries
    self.letters = letters
    self.store = store
    self.truth = truth
    self.states = states
    self.hasFreshAnswers = hasFreshAnswers
  }

  /// Everything that does not add up.
  package func differences() -> [Difference] {
    let accounts = Accounts(inbox: store.inbox, letters: letters)
    return entries.compactMap { accounts.difference(at: $0) } + strayLetters() + stateDifferences()
      + writeDifferences()
  }

  private func strayLetters() -> [Difference] {
    let kinds = Dictionary(entries.map { ($0.place, $0.kind) }) { first, _ in first }
    return letters.compactMap { letter in
      guard let kind = kinds[letter.origin] else {
        return Difference(.deadLetters, "one of \(letter.origin), which nobody sent")
      }
      guard kind != .poison else { return nil }
      let found = "\(letter.origin) is there as \(letter.failureClass): \(letter.message)"
      return Difference(.deadLetters, found)
    }
  }

  // MARK: The database against the API

  private struct Payload: Decodable {
    let properties: [String: String?]
    let updatedAt: String
  }

  private func stateDifferences() -> [Difference] {
    var stored: [RecordKey: StoredRecord] = [:]
    for record in store.records { stored[record.key] = record }
    var found: [Difference] = []
    for record in truth {
      guard
        let key = RecordKey(
          tenant: EventFeed.tenant, object: record.type, recordId: record.id)
      else { continue }
      let row = stored.removeValue(forKey: key)
      if let text = Self.difference(record, row) {
        found.append(Difference(.freshness, "\(key) \(text)"))
      }
    }
    for row in stored.values where !row.isDeleted {
      found.append(Difference(.freshness, "\(row.key) is in the database only"))
    }
    return found
  }

  private static func difference(_ record: SandboxRecord, _ row: StoredRecord?) -> String? {
    guard let row else { return record.isDeleted ? nil : "is missing" }
    guard row.isDeleted == record.isDeleted else {
      return row.isDeleted ? "is deleted in the database only" : "is deleted at the API only"
    }
    guard let bytes = row.payload else { return nil }
    guard let payload = try? JSONDecoder().decode(Payload.self, from: Data(bytes)) else {
      return "has an unreadable payload"
    }
    for (name, value) in record.properties where payload.properties[name] != value {
      return "has \(name) \(payload.properties[name].flatMap { $0 } ?? "null"), not \(value)"
    }
    let versionMs = Timestamp(rfc3339: payload.updatedAt)?.ms ?? 0
    return versionMs == record.updatedAtMs
      ? nil : "has version \(versionMs), not \(record.updatedAtMs)"
  }

  // MARK: The log of writes

  private struct Effect: Hashable {
    let key: RecordKey
    let version: Int64
    let isDelete: Bool
  }

  private func writeDifferences() -> [Difference] {
    var last: [RecordKey: WriteLogRow] = [:]
    var counts: [Effect: Int] = [:]
    var found: [Difference] = []
    for row in store.writes {
      if let before = last[row.key],
        (before.version, before.observedAtUs) >= (row.version, row.observedAtUs)
      {
        found.append(
          Difference(
            .order,
            "\(row.key) got \(row.version)@\(row.observedAtUs) after "
              + "\(before.version)@\(before.observedAtUs), by event \(row.eventId)"))
      }
      last[row.key] = row
      let effect = Effect(
        key: row.key, version: row.isDelete ? 0 : row.version, isDelete: row.isDelete)
      counts[effect, default: 0] += 1
    }
    for (effect, count) in counts {
      let known = effect.isDelete ? 1 : states[effect.key]?[effect.version] ?? 0
      guard count > known, hasFreshAnswers || known == 0 else { continue }
      let what = effect.isDelete ? "deletion" : "version \(effect.version)"
      found.append(
        Difference(.once, "\(effect.key): \(count) writes of its \(what), which is \(known) states")
      )
    }
    return found
  }
}
