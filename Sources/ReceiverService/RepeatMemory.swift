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
  /// Each name behind its length, which has four bytes.
  private var bytes: [UInt8] = []
  private var lastStart = 0
  private(set) var count = 0

  /// More than this is not kept for the next request.
  private static let keptBytesMax = 1024

  /// The name that was added last.
  var last: ArraySlice<UInt8> { bytes[lastStart...] }

  var digests: [EventDigest] {
    var digests: [EventDigest] = []
    var at = 0
    while at < bytes.count {
      let start = at + 4
      at = start + bytes[at..<start].reduce(0) { $0 << 8 | Int($1) }
      digests.append(EventDigest(bytes[start..<at]))
    }
    return digests
  }

  mutating func append(id: UnsafeRawBufferPointer, tenant: UnsafeRawBufferPointer?) {
    let length = UInt32(id.count + (tenant.map { $0.count + 1 } ?? 0))
    withUnsafeBytes(of: length.bigEndian) { bytes.append(contentsOf: $0) }
    lastStart = bytes.count
    bytes.append(contentsOf: id)
    if let tenant {
      // No text has this byte in it.
      bytes.append(0xFF)
      bytes.append(contentsOf: tenant)
    }
    count += 1
  }

  /// Once after `append`.
  mutating func removeLast() {
    bytes.removeLast(bytes.count - lastStart + 4)
    count -= 1
  }

  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: bytes.capacity <= Self.keptBytesMax)
    count = 0
  }
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
