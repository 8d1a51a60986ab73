// May this state replace that one? The one rule by which no older state overwrites a newer one.

/// What the store holds of a record, as far as the gate looks at it.
struct GateState: Equatable {
  var version: Int64
  var seq: Int64
  var isDeleted: Bool
}

/// What is to be done with one write.
enum GateVerdict: Equatable {
  /// Write the payload, and log it.
  case write
  /// Mark it deleted, and log it.
  case delete
  /// The same state, seen anew: move (version, seq) on, log nothing.
  case advance
  /// As new or newer is there already.
  case keep
}

enum WriteGate {
  /// `hasEqualPayload` is looked at only when a live record meets a newer upsert.
  static func verdict(
    upsert version: Int64, seq: Int64, over state: GateState?, hasEqualPayload: Bool
  ) -> GateVerdict {
    guard let state else { return .write }
    if state.isDeleted {
      // Seen before the delete was: it says nothing about what came after, whatever its version.
      return seq > state.seq && version >= state.version ? .write : .keep
    }
    guard (version, seq) > (state.version, state.seq) else { return .keep }
    return hasEqualPayload ? .advance : .write
  }

  /// A delete carries no version of its own: what counts is when the source said so. Of one
  /// millisecond the delete wins, since record ids do not come back to life.
  static func verdict(deleteSeq seq: Int64, over state: GateState?) -> GateVerdict {
    guard let state else { return .delete }
    if state.isDeleted { return seq > state.seq ? .advance : .keep }
    return seq >= state.seq ? .delete : .keep
  }

  /// FNV-1a, 64 bits: tells most unequal payloads apart without reading the stored one. Stable
  /// across runs and versions; equal hashes are settled by comparing the bytes.
  static func hash(_ payload: [UInt8]) -> Int64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in payload { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int64(bitPattern: hash)
  }
}
