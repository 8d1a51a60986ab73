// May this step on a claim be taken? The one rule, for every database.

/// A row of `claims`.
struct ClaimRow: Equatable {
  var state: State
  var owner: String
  var epoch: Int64
  /// Meaningful while `claimed` or `sent`.
  var leaseUntilMs: Int64
  var updatedAtMs: Int64

  enum State: Int64 {
    /// Nobody has it, and no attempt had an effect. Can transition to: `claimed` (granted).
    case free = 0
    /// Somebody has it. Can transition to: `sent` (about to leave), `done` (downstream has it
    /// already), `free` (released), `claimed` (granted to another, or anew).
    case claimed = 1
    /// Downstream may have it. Can transition to: `done` (it has), `free` (it certainly has not),
    /// `sent` (the lease is prolonged, or it is granted to another: what was sent stays sent).
    case sent = 2
    /// Downstream has it. No transitions.
    case done = 3
  }
}

enum ClaimGate {
  /// Changes the row where the step is taken. A row once made is never removed here, so that the
  /// epoch goes on rising.
  static func take(_ step: ClaimStep, on row: inout ClaimRow?, nowMs: Int64) -> ClaimAnswer {
    switch step {
    case .claim(let key, let owner, let leaseUntilMs):
      grant(key, owner, leaseUntilMs, &row, nowMs)
    case .markSent(let claim, let leaseUntilMs):
      mark(claim, .sent, leaseUntilMs, &row, nowMs)
    case .markDone(let claim): mark(claim, .done, nowMs, &row, nowMs)
    case .release(let claim): mark(claim, .free, nowMs, &row, nowMs)
    }
  }

  private static func grant(
    _ key: ClaimKey, _ owner: String, _ leaseUntilMs: Int64, _ row: inout ClaimRow?,
    _ nowMs: Int64
  ) -> ClaimAnswer {
    var before = ClaimAnswer.Before.nothing
    var state = ClaimRow.State.claimed
    if let row {
      let isHeld = row.owner != owner && nowMs < row.leaseUntilMs
      switch row.state {
      case .done: return .done(atMs: row.updatedAtMs)
      case .claimed, .sent: if isHeld { return .held(untilMs: row.leaseUntilMs) }
      case .free: break
      }
      if row.state == .claimed { before = .claimed }
      if row.state == .sent { (before, state) = (.sent, .sent) }
    }
    let epoch = (row?.epoch ?? 0) + 1
    row = ClaimRow(
      state: state, owner: owner, epoch: epoch, leaseUntilMs: leaseUntilMs, updatedAtMs: nowMs)
    return .granted(Claim(key: key, owner: owner, epoch: epoch), before: before)
  }

  private static func mark(
    _ claim: Claim, _ state: ClaimRow.State, _ leaseUntilMs: Int64, _ row: inout ClaimRow?,
    _ nowMs: Int64
  ) -> ClaimAnswer {
    guard let old = row, old.epoch == claim.epoch, old.owner == claim.owner else { return .stale }
    // Asked again since the first answer was lost.
    if old.state == state, state == .done || state == .free { return .taken }
    guard old.state == .claimed || old.state == .sent else { return .stale }
    row = ClaimRow(
      state: state, owner: old.owner, epoch: old.epoch, leaseUntilMs: leaseUntilMs,
      updatedAtMs: nowMs)
    return .taken
  }
}
