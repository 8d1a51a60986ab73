// One event as it travels through Kafka: CloudEvents 1.0, Kafka protocol binding, binary mode.

/// How an event entered the log.
package enum Origin: String, Sendable, CaseIterable {
  case webhook, poll, reconcile, backfill, redrive, replay
}

/// The request that carried an event: its id and the event's place in it.
package struct Envelope: Sendable, Equatable {
  package let id: String
  /// From 0.
  package let index: Int
  package let count: Int

  package init(id: String, index: Int, count: Int) {
    self.id = id
    self.index = index
    self.count = count
  }
}

/// A change that a provider told us of. Times are milliseconds since the Unix epoch.
package struct Event: Sendable, Equatable {
  /// The dedup key: the same for every delivery of one event.
  package var id: String
  /// The configured source's name; pipelines select by it.
  package var source: String
  /// The provider's own name of the event, e.g. `contact.propertyChange`.
  package var type: String
  /// Nil when the body named no record: such an event ends in the dead-letter topic.
  package var key: RecordKey?
  /// When it happened at the provider.
  package var timeMs: Int64?
  /// The record's version as the event tells it; nil where the provider sends none.
  package var recordVersion: Int64?
  package var origin: Origin
  package var receivedAtMs: Int64
  package var envelope: Envelope
  /// Scheme and which secret of the list, e.g. `hubspot-v3#0`; never the secret.
  package var verifiedBy: String
  package var contentType: String
  /// W3C trace context, passed on unchanged.
  package var traceparent: String?

  /// A deletion, a merge or a restoration: events of the record before and after it are about
  /// different lives of it. Known by the last word of the type, as all providers name them.
  package var isBarrier: Bool {
    let bytes = Array(type.utf8)
    guard let last = bytes.lastIndex(where: { !Self.wordSeparators.contains($0) }) else {
      return false
    }
    let before = bytes[...last].lastIndex { Self.wordSeparators.contains($0) }
    let word = bytes[(before.map { $0 + 1 } ?? 0)...last]
    // `| 0x20` makes capitals small and leaves small letters as they are.
    return Self.barrierWords.contains { start in
      word.count >= start.count && zip(word, start).allSatisfy { $0 | 0x20 == $1 }
    }
  }

  private static let wordSeparators = Array("./:_-".utf8)
  private static let barrierWords = ["delet", "remov", "merg", "restor", "privacy", "purg"].map {
    Array($0.utf8)
  }

  package init(
    id: String, source: String, type: String, key: RecordKey?, timeMs: Int64? = nil,
    recordVersion: Int64? = nil, origin: Origin, receivedAtMs: Int64, envelope: Envelope,
    verifiedBy: String, contentType: String = "application/json", traceparent: String? = nil
  ) {
    self.id = id
    self.source = source
    self.type = type
    self.key = key
    self.timeMs = timeMs
    self.recordVersion = recordVersion
    self.origin = origin
    self.receivedAtMs = receivedAtMs
    self.envelope = envelope
    self.verifiedBy = verifiedBy
    self.contentType = contentType
    self.traceparent = traceparent
  }
}
