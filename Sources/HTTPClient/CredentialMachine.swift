// The life of one credential's token: one request for it at a time, shared by everybody, renewed
// before it ends, and never asked for in a storm. No clock and no I/O: times come in as
// milliseconds that never go back.

package import Model

/// Decides when a token is asked for and who may use it. Waiters are known by a number of the
/// caller's.
package struct CredentialMachine: Sendable {
  package struct Limits: Sendable {
    /// Requests that wait for a token; one more fails as throttled.
    package var waitersMax = 4096
    /// A token is renewed this long before its end at the latest, with chance on top; a fifth of
    /// its lifetime where that is shorter.
    package var refreshAheadMs: Int64 = 300_000
    /// Not used in its last moments: it must still be good when the request arrives.
    package var graceMs: Int64 = 5000
    /// A younger token that is refused without ever having been taken has not worn out: the fault
    /// lies elsewhere.
    package var refusedAgeMsMin: Int64 = 60_000
    /// Waits after failures, doubled each time up to the second.
    package var backoffMsBase: Int64 = 1000
    package var backoffMsMax: Int64 = 60_000
    /// The same after a refusal that nobody but a person can mend.
    package var refusedBackoffMsBase: Int64 = 60_000
    package var refusedBackoffMsMax: Int64 = 900_000

    package init() {}
  }

  /// What a request is told.
  package enum Decision: Sendable, Equatable {
    case ready(token: String, generation: UInt64)
    /// It comes back from `tokenAnswered` or `tokenRefused`.
    case wait
    case fail(Failure)
  }

  /// What became of a request that was answered 401.
  package enum RefusedDecision: Sendable, Equatable {
    /// Ask `authorize` again: there is another token, or one is on its way.
    case again
    /// No token will help.
    case fail
  }

  private struct Token: Sendable {
    var text: String
    var generation: UInt64
    var obtainedMs: Int64
    /// Of no use from here on.
    var endMs: Int64
    /// A new one is asked for from here on.
    var refreshMs: Int64
    /// Of the last try to renew it.
    var failure: Failure?
    /// The API has taken it at least once.
    var hasWorked = false
  }

  private enum State: Sendable {
    /// Nothing was asked for yet. Can transition to: `fetching`.
    case noToken
    /// A request is under way and no token may be used. Can transition to: `valid` (answered),
    /// `failed` (refused).
    case fetching
    /// Can transition to: `refreshing` (its end comes near), `fetching` (ended, or refused by the
    /// API), `failed` (ended, and a try to renew it has failed a moment ago).
    case valid(Token)
    /// A request is under way and the old token serves. Can transition to: `valid` (answered, or
    /// refused while the old one is good), `fetching` (the old one ended or was refused by the
    /// API), `failed` (refused, with the old one ended).
    case refreshing(Token)
    /// Can transition to: `fetching` (the wait is over).
    case failed(Failure, untilMs: Int64)
  }

  private let limits: Limits
  private var state = State.noToken
  private var random: SplitMix64
  private var generation: UInt64 = 0
  private var failures = 0
  private var waiters: [UInt64] = []

  package init(_ limits: Limits = Limits(), seed: UInt64) {
    self.limits = limits
    random = SplitMix64(seed: seed)
  }

  /// True while a token request is under way.
  package var isFetching: Bool {
    switch state {
    case .fetching, .refreshing: true
    case .noToken, .valid, .failed: false
    }
  }

  package var waiterCount: Int { waiters.count }

  /// May `waiter` send its request? `startsTokenRequest` true asks the caller to send one for a
  /// token and to report its end to `tokenAnswered` or `tokenRefused`.
  package mutating func authorize(
    _ waiter: UInt64, nowMs: Int64
  ) -> (decision: Decision, startsTokenRequest: Bool) {
    switch state {
    case .noToken: return begin(waiter)
    case .fetching: return (enqueue(waiter), false)
    case .failed(let failure, let untilMs):
      guard nowMs < untilMs else { return begin(waiter) }
      return (.fail(Self.waiting(failure, untilMs - nowMs)), false)
    case .valid(let token):
      if nowMs < token.endMs {
        let isDue = nowMs >= token.refreshMs
        if isDue { state = .refreshing(token) }
        return (.ready(token: token.text, generation: token.generation), isDue)
      }
      if let failure = token.failure, nowMs < token.refreshMs {
        state = .failed(failure, untilMs: token.refreshMs)
        return (.fail(Self.waiting(failure, token.refreshMs - nowMs)), false)
      }
      return begin(waiter)
    case .refreshing(let token):
      if nowMs < token.endMs {
        return (.ready(token: token.text, generation: token.generation), false)
      }
      state = .fetching
      return (enqueue(waiter), false)
    }
  }

  /// The API answered 401 to a request with the token of `generation`. A token that was replaced
  /// meanwhile starts nothing: the request simply takes the new one.
  package mutating func refused(
    generation refused: UInt64, nowMs: Int64
  ) -> (decision: RefusedDecision, startsTokenRequest: Bool) {
    switch state {
    case .noToken, .fetching, .failed: return (.again, false)
    case .valid(let token):
      if token.generation != refused { return (.again, false) }
      if !token.hasWorked, nowMs - token.obtainedMs < limits.refusedAgeMsMin {
        return (.fail, false)
      }
      if let failure = token.failure, nowMs < token.refreshMs {
        state = .failed(failure, untilMs: token.refreshMs)
        return (.again, false)
      }
      state = .fetching
      return (.again, true)
    case .refreshing(let token):
      if token.generation == refused { state = .fetching }
      return (.again, false)
    }
  }

  /// The API took the token of `generation`: should it be refused from now on, it has worn out.
  package mutating func worked(generation: UInt64) {
    switch state {
    case .valid(var token) where token.generation == generation && !token.hasWorked:
      token.hasWorked = true
      state = .valid(token)
    case .refreshing(var token) where token.generation == generation && !token.hasWorked:
      token.hasWorked = true
      state = .refreshing(token)
    case .noToken, .fetching, .valid, .refreshing, .failed: break
    }
  }

  /// The token request brought a token. Returns who waited: each is ready with `text`.
  package mutating func tokenAnswered(
    _ text: String, lifetimeMs: Int64, nowMs: Int64
  ) -> (waiters: [UInt64], generation: UInt64) {
    precondition(isFetching, "CredentialMachine.tokenAnswered: no token request is under way")
    generation += 1
    failures = 0
    let lifetimeMs = max(lifetimeMs, 1)
    let grace = min(limits.graceMs, lifetimeMs / 10)
    let ahead = min(limits.refreshAheadMs, lifetimeMs / 5)
    // Processes that began together do not renew together.
    let chance = ahead > 0 ? Int64.random(in: 0...ahead / 2, using: &random) : 0
    state = .valid(
      Token(
        text: text, generation: generation, obtainedMs: nowMs,
        endMs: nowMs + lifetimeMs - grace, refreshMs: nowMs + lifetimeMs - ahead - chance,
        failure: nil))
    return (takeWaiters(), generation)
  }

  /// The token request failed. Returns who waited and fails with `refusal`.
  package mutating func tokenRefused(
    _ refusal: TokenRefusal, nowMs: Int64
  ) -> (waiters: [UInt64], failure: Failure) {
    precondition(isFetching, "CredentialMachine.tokenRefused: no token request is under way")
    let untilMs = nowMs + backoffMs(refusal)
    failures += 1
    if case .refreshing(var token) = state, nowMs < token.endMs {
      token.refreshMs = untilMs
      token.failure = refusal.failure
      state = .valid(token)
    } else {
      state = .failed(refusal.failure, untilMs: untilMs)
    }
    return (takeWaiters(), Self.waiting(refusal.failure, untilMs - nowMs))
  }

  /// A waiter that gave up.
  package mutating func withdraw(_ waiter: UInt64) {
    waiters.removeAll { $0 == waiter }
  }

  private mutating func begin(
    _ waiter: UInt64
  ) -> (decision: Decision, startsTokenRequest: Bool) {
    state = .fetching
    return (enqueue(waiter), true)
  }

  private mutating func enqueue(_ waiter: UInt64) -> Decision {
    guard waiters.count < limits.waitersMax else {
      return .fail(
        Failure(
          .throttled, .enrich, "\(limits.waitersMax) requests wait for a token already",
          retryAfterMs: limits.backoffMsBase))
    }
    waiters.append(waiter)
    return .wait
  }

  private mutating func takeWaiters() -> [UInt64] {
    defer { waiters = [] }
    return waiters
  }

  /// Between half and the whole of the doubled wait, and never less than we were asked for.
  private mutating func backoffMs(_ refusal: TokenRefusal) -> Int64 {
    let (base, most) =
      refusal.isPermanent
      ? (limits.refusedBackoffMsBase, limits.refusedBackoffMsMax)
      : (limits.backoffMsBase, limits.backoffMsMax)
    let whole = max(min(base << min(failures, 16), most), 1)
    return max(
      Int64.random(in: (whole + 1) / 2...whole, using: &random),
      refusal.failure.retryAfterMs ?? 0)
  }

  private static func waiting(_ failure: Failure, _ ms: Int64) -> Failure {
    var failure = failure
    failure.retryAfterMs = max(ms, 1)
    return failure
  }
}
