// Events that are stored, or may be: what a repeat of one is answered with. Pure.

import Model

/// Stands for a `ce_id` and its tenant: 128 bits of two keyed hashes, so that nobody can make two
/// events meet.
struct EventDigest: Hashable, Sendable {
  let high: UInt64
  let low: UInt64

  init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// Of a name in `EventNames`.
  init(_ name: ArraySlice<UInt8>) {
    var first = Hasher()
    name.withUnsafeBytes { first.combine(bytes: $0) }
    // The state so far is copied: the name is hashed once.
    var second = first
    second.combine(1 as UInt8)
    high = UInt64(bitPattern: Int64(first.finalize()))
    low = UInt64(bitPattern: Int64(second.finalize()))
  }
}

/// What the digests of one request's events are made of. They are made when somebody asks, and
/// hardly anybody does: for that an event must have been answered with 503 while Kafka had it, or
/// repeats must be dropped. One buffer, whose memory the next request of the same place uses again.
struct EventNames: Sendable {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  /// More than this is not kept for the next request.
  private static let keptBytesMax = 1024

  var count: Int { ends.count }

  /// The name that was added last.
  var last: ArraySlice<UInt8> { bytes[start(of: ends.count - 1)...] }

  var digests: [EventDigest] {
    ends.indices.map { EventDigest(bytes[start(of: $0)..<ends[$0]]) }
  }

  mutating func append(id: UnsafeRawBufferPointer, tenant: UnsafeRawBufferPointer?) {
    bytes.append(contentsOf: id)
    if let tenant {
      // No text has this byte in it.
      bytes.append(0xFF)
      bytes.append(contentsOf: tenant)
    }
    ends.append(bytes.count)
  }

  mutating func removeLast() {
    ends.removeLast()
    bytes.removeLast(bytes.count - (ends.last ?? 0))
  }

  mutating func removeAll() {
    let isKept = bytes.capacity <= Self.keptBytesMax
    bytes.removeAll(keepingCapacity: isKept)
    ends.removeAll(keepingCapacity: isKept)
  }

  private func start(of index: Int) -> Int { index == 0 ? 0 : ends[index - 1] }
}

/// Bounded memory of one source. An event whose first copy failed is never in it.
struct RepeatMemory: Sendable {
  /// What is to be done with an event.
  enum Verdict: Sendable, Equatable {
    /// Publish it.
    case new
    /// It is stored: answer as if it had been now.
    case stored
    /// Nobody knows yet whether its first copy is stored. The ticket gets a report.
    case waiting
    /// The same, and too many wait already.
    case busy
  }

  private struct Entry {
    var isDecided: Bool
    /// Answers one repeat and is forgotten with it.
    var isOnce: Bool
    var untilMs: Int64
    var waiters: [UInt64] = []
  }

  static let waitersMax = 16

  let entriesMax: Int
  let ttlMs: Int64
  private var entries: [EventDigest: Entry] = [:]
  /// In order of their coming; the oldest makes room. May name some that are forgotten already.
  private var ring: [EventDigest] = []
  private var next = 0

  /// `entriesMax` at least 1.
  init(entriesMax: Int, ttlMs: Int64) {
    self.entriesMax = entriesMax
    self.ttlMs = ttlMs
  }

  var count: Int { entries.count }

  mutating func look(_ digest: EventDigest, ticket: UInt64, nowMs: Int64) -> Verdict {
    guard let entry = entries[digest] else { return .new }
    guard entry.isDecided else {
      guard entry.waiters.count < Self.waitersMax else { return .busy }
      entries[digest]?.waiters.append(ticket)
      return .waiting
    }
    if entry.isOnce || entry.untilMs <= nowMs { entries[digest] = nil }
    return entry.untilMs <= nowMs ? .new : .stored
  }

  /// It is stored, and its sender was told so.
  mutating func acknowledged(_ digest: EventDigest, nowMs: Int64) -> [UInt64] {
    put(digest, Entry(isDecided: true, isOnce: false, untilMs: nowMs + ttlMs))
  }

  /// Its sender was told to come back, and Kafka may store it yet. `settled` must follow. Returns
  /// tickets that can wait no longer.
  mutating func undecided(_ digest: EventDigest, nowMs: Int64) -> [UInt64] {
    put(digest, Entry(isDecided: false, isOnce: true, untilMs: .max))
  }

  /// How an undecided one ended. Returns those that waited for it. Where nobody did, a stored one
  /// answers the repeat that is still to come: one, or with `keeps` all of them.
  mutating func settled(
    _ digest: EventDigest, isStored: Bool, keeps: Bool, nowMs: Int64
  ) -> [UInt64] {
    guard let entry = entries[digest], !entry.isDecided else { return [] }
    if isStored, keeps || entry.waiters.isEmpty {
      entries[digest] = Entry(isDecided: true, isOnce: !keeps, untilMs: nowMs + ttlMs)
    } else {
      entries[digest] = nil
    }
    return entry.waiters
  }

  private mutating func put(_ digest: EventDigest, _ entry: Entry) -> [UInt64] {
    var released: [UInt64] = []
    if let before = entries[digest] {
      var entry = entry
      // Two copies under way at one time: those that wait for the one may wait for the other.
      if entry.isDecided { released = before.waiters } else { entry.waiters = before.waiters }
      entries[digest] = entry
      return released
    }
    if ring.count < entriesMax {
      ring.append(digest)
    } else {
      released = entries.removeValue(forKey: ring[next])?.waiters ?? []
      ring[next] = digest
      next = (next + 1) % entriesMax
    }
    entries[digest] = entry
    return released
  }
}
