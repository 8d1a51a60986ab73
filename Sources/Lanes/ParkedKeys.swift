// Whose records wait in the retry topic, so that later ones of the same key go there behind them.

/// The parked keys of one partition: those with unfinished records in the retry topic.
///
/// A key is parked from the moment a record of it is to be stored in the retry topic until the last
/// one stored is done and none is on its way. Records of one key finish in order there, so the last
/// one speaks for all. Keys are 64-bit hashes: two keys with one hash share their fate, which costs
/// a detour and not the order.
package struct ParkedKeys: Sendable {
  private struct Entry {
    /// Records on their way to the retry topic.
    var pendingProduces = 0
    /// The highest retry offset stored, and the highest done; -1 for none. A record may be done
    /// before the report that it is stored was served.
    var last: Int64 = -1
    var done: Int64 = -1

    var isClean: Bool { pendingProduces == 0 && done >= last }
  }

  private var entries: [UInt64: Entry] = [:]

  package init() {}

  /// Keys that are parked.
  package var count: Int { entries.count }

  /// True while later records of the key have to follow into the retry topic.
  package func isParked(_ key: UInt64) -> Bool {
    !entries.isEmpty && entries[key] != nil
  }

  /// A record of the key is being stored in the retry topic. Ends with `stored` or `failed`.
  package mutating func park(_ key: UInt64) {
    entries[key, default: Entry()].pendingProduces += 1
  }

  /// A record was stored at this offset of the retry topic.
  package mutating func stored(_ key: UInt64, retryOffset: Int64) {
    settle(key) { entry in
      entry.pendingProduces -= 1
      entry.last = max(entry.last, retryOffset)
    }
  }

  /// A record was not stored; its owner still has it.
  package mutating func failed(_ key: UInt64) {
    settle(key) { entry in entry.pendingProduces -= 1 }
  }

  /// A record of an earlier owner was found in the retry topic, not done. Call before it is worked
  /// on: a `done` that comes first is not remembered, and the key would stay parked.
  package mutating func scanned(_ key: UInt64, retryOffset: Int64) {
    entries[key, default: Entry()].last.raise(to: retryOffset)
  }

  /// A record of the retry topic is finished, by whatever outcome.
  package mutating func done(_ key: UInt64, retryOffset: Int64) {
    guard var entry = entries[key] else { return }
    entry.done.raise(to: retryOffset)
    entries[key] = entry.isClean ? nil : entry
  }

  private mutating func settle(_ key: UInt64, _ change: (inout Entry) -> Void) {
    guard var entry = entries[key], entry.pendingProduces > 0 else {
      preconditionFailure("ParkedKeys: a report for a record that was not parked")
    }
    change(&entry)
    entries[key] = entry.isClean ? nil : entry
  }
}

extension Int64 {
  fileprivate mutating func raise(to other: Int64) { self = Swift.max(self, other) }
}
