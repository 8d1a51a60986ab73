// Who may send one request to an HTTP sink, and how far they got: claimed, sent, done.

/// One request that must take effect once.
package struct ClaimKey: Sendable, Equatable {
  package var sink: String
  package var idempotencyKey: String

  package init(sink: String, idempotencyKey: String) {
    self.sink = sink
    self.idempotencyKey = idempotencyKey
  }
}

/// The right to send, as it was granted. It fences: once somebody else has taken over, the steps
/// of this one change nothing.
package struct Claim: Sendable, Equatable {
  package let key: ClaimKey
  /// Unique to a run of a process.
  package let owner: String
  /// Rises with every grant.
  package let epoch: Int64

  package init(key: ClaimKey, owner: String, epoch: Int64) {
    self.key = key
    self.owner = owner
    self.epoch = epoch
  }
}

/// One step on one claim.
package enum ClaimStep: Sendable, Equatable {
  /// Asks for the right to send. The owner may ask again, which fences its own earlier attempt.
  case claim(ClaimKey, owner: String, leaseUntilMs: Int64)
  /// Before the request leaves: from here on it may have taken effect.
  case markSent(Claim, leaseUntilMs: Int64)
  /// It has taken effect. Found after a restart too.
  case markDone(Claim)
  /// It has certainly had no effect; anybody may claim it at once.
  case release(Claim)

  var key: ClaimKey {
    switch self {
    case .claim(let key, _, _): key
    case .markSent(let claim, _), .markDone(let claim), .release(let claim): claim.key
    }
  }
}

/// What came of a step.
package enum ClaimAnswer: Sendable, Equatable {
  /// To `claim`: send, after a look downstream where an earlier attempt got as far as `before`.
  case granted(Claim, before: Before)
  /// To `claim`: somebody else has it until then.
  case held(untilMs: Int64)
  /// To `claim`: nothing is left to do.
  case done(atMs: Int64)
  /// To the other steps: taken.
  case taken
  /// To the other steps: somebody has taken over, or it is done; nothing was changed.
  case stale

  /// How far the attempt before this one got.
  package enum Before: Sendable, Equatable {
    /// There was none, or it certainly had no effect.
    case nothing
    /// Claimed, and then its owner was lost.
    case claimed
    /// Sent or about to be: look before writing.
    case sent
  }
}

extension RecordStore {
  package func claim(
    _ key: ClaimKey, owner: String, leaseUntilMs: Int64, nowMs: Int64
  ) throws(StoreError) -> ClaimAnswer {
    try takeOne(.claim(key, owner: owner, leaseUntilMs: leaseUntilMs), nowMs)
  }

  package func markSent(
    _ claim: Claim, leaseUntilMs: Int64, nowMs: Int64
  ) throws(StoreError) -> ClaimAnswer {
    try takeOne(.markSent(claim, leaseUntilMs: leaseUntilMs), nowMs)
  }

  package func markDone(_ claim: Claim, nowMs: Int64) throws(StoreError) -> ClaimAnswer {
    try takeOne(.markDone(claim), nowMs)
  }

  package func release(_ claim: Claim, nowMs: Int64) throws(StoreError) -> ClaimAnswer {
    try takeOne(.release(claim), nowMs)
  }

  private func takeOne(_ step: ClaimStep, _ nowMs: Int64) throws(StoreError) -> ClaimAnswer {
    guard let answer = try take([step], nowMs: nowMs).first else {
      throw StoreError(.bug, "a step on a claim had no answer")
    }
    return answer
  }
}
