// Take a backlog in before working on it: events of one record then meet, and one fetch settles
// them. Pure.

/// Whether work waits for records that are known to be there and were not polled yet. It waits once
/// a backlog and never longer than asked: while there is none, nothing waits.
struct BacklogWait: Sendable, Equatable {
  /// Set while it waits.
  private(set) var endMs: Int64?
  /// It has waited for this backlog already.
  private var isOver = false

  var isWaiting: Bool { endMs != nil }

  /// `behind`: records in the log, as far as known, that were not polled. `hasRoom`: more could be
  /// taken in.
  mutating func look(behind: Int64, hasRoom: Bool, waitMs: Int64, nowMs: Int64) {
    // A few are no backlog: they would be polled in the next round anyway.
    guard behind > Self.fewMax, hasRoom, waitMs > 0 else {
      // Where there is no room the backlog goes on, and has been waited for.
      if hasRoom { isOver = false } else if endMs != nil { isOver = true }
      endMs = nil
      return
    }
    guard !isOver else { return }
    if let endMs {
      guard nowMs >= endMs else { return }
      self.endMs = nil
      isOver = true
    } else {
      endMs = nowMs + waitMs
    }
  }

  static let fewMax: Int64 = 500
}
