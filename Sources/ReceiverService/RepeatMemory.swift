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

  init(_ name: EventName) {
    var first = Hasher()
    var id = name.id
    id.withUTF8 { first.combine(bytes: UnsafeRawBufferPointer($0)) }
    if var tenant = name.tenant {
      first.combine(0xFF as UInt8)
      tenant.withUTF8 { first.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
    // The state so far is copied: the text is hashed once.
    var second = first
    second.combine(1 as UInt8)
    high = UInt64(bitPattern: Int64(first.finalize()))
    low = UInt64(bitPattern: Int64(second.finalize()))
  }
}

/// What a digest is made of. It is made when somebody asks, and hardly anybody does: for that an
/// event must have been answered with 503 while Kafka had it, or repeats must be dropped.
struct EventName: Sendable, Equatable {
  let id: String
  let tenant: String?

  init(_ event: Event) {
    id = event.id
    tenant = event.key?.tenant
  }
}

/// The events of one request, without an allocation for the usual one.
enum EventNames: Sendable {
  case none
  case one(EventName)
  case many([EventName])

  mutating func append(_ name: EventName) {
    switch self {
    case .none: self = .one(name)
    case .one(let first): self = .many([first, name])
    case .many(var all):
      self = .none
      all.append(name)
      self = .many(all)
    }
  }

  var count: Int {
    switch self {
    case .none: 0
    case .one: 1
    case .many(let names): names.count
    }
  }

  var digests: [EventDigest] {
    switch self {
    case .none: []
    case .one(let name): [EventDigest(name)]
    case .many(let names): names.map { EventDigest($0) }
    }
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
