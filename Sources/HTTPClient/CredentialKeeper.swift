// The credentials of one owner thread: machines by name, and the requests for their tokens.

internal import JSONText
package import Model

/// Hands out what requests carry. Used by one thread, beside its `TransferLoop`:
///
/// 1. `add` each credential once. The keeper's token requests have tickets out of `tickets`, which
///    the owner uses for nothing else.
/// 2. Before a request: `authorize`. `ready`: apply the authorization, remember the generation,
///    send. `wait`: keep the request; its waiter comes back from `complete`. `fail`: it failed.
/// 3. After every `authorize`, `refused` and `complete`: `takeTokenRequests`, and start each on the
///    loop. One that the loop does not take goes to `complete` as a failure of its ticket.
/// 4. A completion with `owns(ticket)` goes to `complete`; the waiters that come back are sent with
///    their authorization, or fail. Those of `takeTokenRequests` likewise.
/// 5. A 401: `refused` with the generation the request was sent with. `again`: authorize it anew,
///    once; `fail`: its failure is of class auth.
/// 6. A waiter that is given up (its partition was revoked): `withdraw`.
/// 7. Now and then `takeRotations`: refresh tokens that replaced those in the configuration.
package final class CredentialKeeper {
  /// What a waiter hears.
  package enum Outcome: Sendable, Equatable {
    case ready(Authorization, generation: UInt64)
    case fail(Failure)
  }

  package enum Decision: Sendable, Equatable {
    case ready(Authorization, generation: UInt64)
    case wait
    case fail(Failure)
  }

  /// A refresh token that took another's place: the old one may be of no use any more.
  package struct Rotation: Sendable, CustomStringConvertible, CustomReflectable {
    package let name: String
    package let refreshToken: String

    package var description: String { "refresh token of \(name)" }
    package var customMirror: Mirror { Mirror(self, children: []) }
  }

  /// A credential of this keeper: what `add` gave.
  package struct Handle: Sendable, Hashable {
    fileprivate let index: Int
  }

  private struct Entry {
    let name: String
    let credential: Credential
    var machine: CredentialMachine
    var refreshToken: String?
    var instanceURL: String?
  }

  private let tickets: Range<UInt64>
  private let scanner: JSONScanner
  private var nextTicket: UInt64
  private var entries: [Entry] = []
  /// To be taken by the owner.
  private var due: [Handle] = []
  private var underWay: [UInt64: Handle] = [:]
  private var rotations: [Rotation] = []
  private var random: SplitMix64

  /// `tickets` must hold at least one for each credential.
  package init(tickets: Range<UInt64>, seed: UInt64) throws(HTTPError) {
    self.tickets = tickets
    nextTicket = tickets.lowerBound
    random = SplitMix64(seed: seed)
    do throws(JSONTextError) { scanner = try JSONScanner() } catch {
      throw HTTPError(.bug, "no memory for a JSON scanner")
    }
  }

  /// `name`: for those who read of it.
  package func add(
    _ name: String, _ credential: Credential,
    limits: CredentialMachine.Limits = CredentialMachine.Limits()
  ) -> Handle {
    precondition(entries.count < tickets.count, "CredentialKeeper.add: more than tickets")
    entries.append(
      Entry(
        name: name, credential: credential,
        machine: CredentialMachine(limits, seed: random.next())))
    return Handle(index: entries.count - 1)
  }

  /// May a request with this credential be sent? `nowMs` never goes back.
  package func authorize(_ handle: Handle, waiter: UInt64, nowMs: Int64) -> Decision {
    switch entries[handle.index].credential.kind {
    case .fixed(let authorization): return .ready(authorization, generation: 0)
    case .token(let grant):
      let answer = entries[handle.index].machine.authorize(waiter, nowMs: nowMs)
      if answer.startsTokenRequest { due.append(handle) }
      switch answer.decision {
      case .ready(let token, let generation):
        return .ready(Self.authorization(grant, token), generation: generation)
      case .wait: return .wait
      case .fail(let failure): return .fail(failure)
      }
    }
  }

  /// A request with the token of `generation` was answered 401.
  package func refused(
    _ handle: Handle, generation: UInt64, nowMs: Int64
  ) -> CredentialMachine.RefusedDecision {
    guard case .token = entries[handle.index].credential.kind else { return .fail }
    let answer = entries[handle.index].machine.refused(generation: generation, nowMs: nowMs)
    if answer.startsTokenRequest { due.append(handle) }
    return answer.decision
  }

  /// A request with the token of `generation` was answered, and not by 401.
  package func worked(_ handle: Handle, generation: UInt64) {
    entries[handle.index].machine.worked(generation: generation)
  }

  /// Token requests to be started now; at most one a credential is under way. `epochMs` is the
  /// time by the calendar. A request that cannot be made (its assertion is not signed) fails its
  /// waiters, which come back as from `complete`.
  package func takeTokenRequests(
    nowMs: Int64, epochMs: Int64
  ) -> (requests: [(ticket: UInt64, request: HTTPRequest)], ended: [(UInt64, Outcome)]) {
    var requests: [(ticket: UInt64, request: HTTPRequest)] = []
    var ended: [(UInt64, Outcome)] = []
    for handle in due {
      let entry = entries[handle.index]
      guard case .token(let grant) = entry.credential.kind else { continue }
      do {
        let request = try grant.request(
          refreshToken: entry.refreshToken, epochS: epochMs / 1000)
        let ticket = newTicket()
        underWay[ticket] = handle
        requests.append((ticket, request))
      } catch {
        let failure = Failure(.auth, .enrich, "no token: the assertion cannot be signed")
        ended += refuse(handle, TokenRefusal(failure, isPermanent: true), nowMs: nowMs)
      }
    }
    due = []
    return (requests, ended)
  }

  /// True for tickets of token requests.
  package func owns(_ ticket: UInt64) -> Bool { tickets.contains(ticket) }

  /// The end of a token request. Returns everybody who waited for it, with what to do.
  package func complete(
    _ ticket: UInt64, _ result: Result<HTTPResponse, HTTPError>, nowMs: Int64, epochMs: Int64
  ) -> [(waiter: UInt64, outcome: Outcome)] {
    guard let handle = underWay.removeValue(forKey: ticket),
      case .token(let grant) = entries[handle.index].credential.kind
    else { return [] }
    switch TokenAnswer.read(result, scanner: scanner, nowMs: epochMs) {
    case .failure(let refusal): return refuse(handle, refusal, nowMs: nowMs)
    case .success(let answer):
      if let token = answer.refreshToken, case .refreshToken(let first) = grant.kind,
        token != entries[handle.index].refreshToken ?? first
      {
        entries[handle.index].refreshToken = token
        rotations.append(Rotation(name: entries[handle.index].name, refreshToken: token))
      }
      entries[handle.index].instanceURL = answer.instanceURL
      let lifetimeS = min(max(answer.lifetimeS ?? grant.lifetimeSDefault, 1), 1 << 32)
      let taken = entries[handle.index].machine.tokenAnswered(
        answer.accessToken, lifetimeMs: lifetimeS * 1000, nowMs: nowMs)
      let authorization = Self.authorization(grant, answer.accessToken)
      return taken.waiters.map { ($0, .ready(authorization, generation: taken.generation)) }
    }
  }

  package func withdraw(_ handle: Handle, waiter: UInt64) {
    entries[handle.index].machine.withdraw(waiter)
  }

  /// The API's address as the last token answer named it (Salesforce); nil where it does not.
  package func instanceURL(_ handle: Handle) -> String? { entries[handle.index].instanceURL }

  /// Refresh tokens that are new since the last call.
  package func takeRotations() -> [Rotation] {
    defer { rotations = [] }
    return rotations
  }

  private func refuse(
    _ handle: Handle, _ refusal: TokenRefusal, nowMs: Int64
  ) -> [(UInt64, Outcome)] {
    let ended = entries[handle.index].machine.tokenRefused(refusal, nowMs: nowMs)
    return ended.waiters.map { ($0, .fail(ended.failure)) }
  }

  private func newTicket() -> UInt64 {
    while underWay[nextTicket] != nil { advance() }
    defer { advance() }
    return nextTicket
  }

  private func advance() {
    nextTicket = nextTicket + 1 == tickets.upperBound ? tickets.lowerBound : nextTicket + 1
  }

  private static func authorization(_ grant: TokenGrant, _ token: String) -> Authorization {
    Authorization(grant.place, grant.prefix + token)
  }
}
