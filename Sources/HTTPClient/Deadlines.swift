// How long one transfer may take. curl has no deadline for the first byte, and its timer for the
// whole would be set and cleared with every request; connecting alone is left to curl, which deals
// its time out among a host's addresses.

/// The deadlines of one transfer, on a clock of nanoseconds that never goes back.
struct Deadlines: Equatable {
  /// What passed.
  enum Verdict: Equatable { case firstByte, total }

  private enum Phase: Equatable {
    /// Can transition to: `sent`.
    case connecting
    /// The request leaves. Can transition to: `answered`, or `sent` again with a later deadline.
    case sent(firstByteNs: UInt64)
    /// Can transition to: nothing; only the whole counts now.
    case answered
  }

  private var phase = Phase.connecting
  private let totalNs: UInt64
  /// 0: none.
  let firstByteSpanNs: UInt64

  init(startNs: UInt64, totalMs: Int32, firstByteMs: Int32?) {
    totalNs = startNs + UInt64(max(totalMs, 1)) * 1_000_000
    firstByteSpanNs = firstByteMs.map { UInt64(max($0, 1)) * 1_000_000 } ?? 0
  }

  /// The request leaves now, or is still leaving: the wait for the first byte begins.
  mutating func sent(nowNs: UInt64) {
    guard firstByteSpanNs > 0, phase != .answered else { return }
    phase = .sent(firstByteNs: nowNs + firstByteSpanNs)
  }

  mutating func answered() { phase = .answered }

  /// When to look again.
  var dueNs: UInt64 {
    if case .sent(let firstByteNs) = phase { min(firstByteNs, totalNs) } else { totalNs }
  }

  func verdict(nowNs: UInt64) -> Verdict? {
    if nowNs >= totalNs { return .total }
    if case .sent(let firstByteNs) = phase, nowNs >= firstByteNs { return .firstByte }
    return nil
  }
}
