// Which received offsets of one partition are not done yet, and so how far may be committed.

/// The offset ledger of one partition: a ring of 64-bit words over the received offsets.
///
/// A set bit means received and not done. Offsets that never arrive (compaction, transaction
/// markers) have no bit and so count as done. `receive` must be called in rising order.
package struct Ledger: Sendable {
  /// Offsets between the frontier and the newest received one; `canReceive` is false beyond it.
  package let spanMax: Int

  /// Bits of pending offsets; word `(base / 64 + i)` stands at ring index `(head + i) % count`.
  var words: [UInt64]
  var head = 0
  /// Offset of the first bit of the word at `head`; a multiple of 64.
  var base: Int64 = 0
  /// One above the newest received offset; nil before the first.
  var next: Int64?
  /// The lowest offset that is not done.
  var lowest: Int64 = 0
  /// The highest offset below `next` that is done or never arrived; of no meaning below `lowest`.
  var highestDone: Int64 = -1
  /// What an earlier owner had done; empty where nothing is known or all of it was received.
  var restored = RestoredOffsets()
  /// Whether `restored` is worth asking: a byte that lies next to the rest of what is touched.
  private var isRestoring = false
  package private(set) var pendingCount = 0

  /// What `receive` found.
  package enum Reception: Sendable, Equatable {
    /// The offset is to be worked on, and completed.
    case pending
    /// An earlier owner finished it: it counts as done, `complete` is not called for it.
    case done
  }

  package init(spanMax: Int = 1 << 20) {
    precondition(spanMax >= 64, "Ledger.init: a span below one word")
    self.spanMax = spanMax
    words = [UInt64](repeating: 0, count: 16)
  }

  /// Goes on where an earlier owner stopped. Reading must begin at the map's frontier; if it
  /// begins below it, somebody wants offsets done again, and the map is forgotten.
  package init(restoring map: OffsetMap, spanMax: Int = 1 << 20) {
    self.init(spanMax: spanMax)
    restored = RestoredOffsets(map)
    isRestoring = !restored.isEmpty
  }

  /// What may be committed: every received offset below it is done. Nil before the first record.
  package var frontier: Int64? { next == nil ? nil : lowest }

  /// Offsets from the frontier to the newest received one.
  package var span: Int { next.map { Int($0 - lowest) } ?? 0 }

  /// False when the offset would stretch the ledger past `spanMax`, or is below what was received.
  package func canReceive(_ offset: Int64) -> Bool {
    guard let next else { return offset >= 0 }
    guard offset >= next else { return false }
    return pendingCount == 0 || offset - lowest < Int64(spanMax)
  }

  /// True for an offset at or below the newest received one.
  package func hasReceived(_ offset: Int64) -> Bool { next.map { offset < $0 } ?? (offset < 0) }

  /// Notes that an offset was received, and tells whether it is still to be done.
  @discardableResult
  package mutating func receive(_ offset: Int64) -> Reception {
    precondition(canReceive(offset), "Ledger.receive: offset \(offset) out of order or span")
    if isRestoring, isRestored(offset) { return .done }
    if pendingCount == 0 {
      base = offset & ~63
      lowest = offset
    } else if offset != next {
      highestDone = offset - 1
    }
    words[reach(offset)] |= 1 << UInt64(offset & 63)
    pendingCount += 1
    next = offset + 1
    return .pending
  }

  /// Notes that an offset is done. False when it was not pending: a late or repeated completion.
  @discardableResult
  package mutating func complete(_ offset: Int64) -> Bool {
    guard let next, offset >= lowest, offset < next else { return false }
    let index = (head + Int(offset - base) >> 6) & (words.count - 1)
    let bit: UInt64 = 1 << UInt64(offset & 63)
    guard words[index] & bit != 0 else { return false }
    words[index] &= ~bit
    pendingCount -= 1
    highestDone = max(highestDone, offset)
    if offset == lowest { advance(to: next) }
    return true
  }

  /// Receives an offset that an earlier owner finished, as if it had never arrived; false when it
  /// did not.
  private mutating func isRestored(_ offset: Int64) -> Bool {
    let isDone = restored.take(offset, isFirst: next == nil)
    isRestoring = !restored.isEmpty
    guard isDone else { return false }
    if pendingCount == 0 {
      lowest = offset + 1
    } else {
      _ = reach(offset)
    }
    highestDone = offset
    next = offset + 1
    return true
  }

  /// The ring index of an offset's word, which is made where it is not there yet: up to `next` all
  /// words must exist, or an index would wrap around to another offset's.
  private mutating func reach(_ offset: Int64) -> Int {
    let index = Int(offset - base) >> 6
    if index >= words.count { grow(to: index + 1) }
    return (head + index) & (words.count - 1)
  }

  /// Moves `lowest` to the lowest set bit, or to `end` when there is none.
  private mutating func advance(to end: Int64) {
    guard pendingCount > 0 else {
      lowest = end
      return
    }
    while words[head] == 0 {
      head = (head + 1) & (words.count - 1)
      base += 64
    }
    lowest = base + Int64(words[head].trailingZeroBitCount)
  }

  private mutating func grow(to wordsNeeded: Int) {
    var capacity = words.count
    while capacity < wordsNeeded { capacity *= 2 }
    var larger = [UInt64](repeating: 0, count: capacity)
    for index in words.indices { larger[index] = words[(head + index) & (words.count - 1)] }
    words = larger
    head = 0
  }
}
