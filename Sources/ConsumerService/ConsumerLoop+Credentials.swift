// Calls and the tokens that they carry.
import HTTPClient
import Logging
import Model
import Telemetry

/// The header fields of a destination's last call, without and with its authorization.
struct AuthorizedHeaders {
  let generation: UInt64
  let plain: HTTPHeaders
  let headers: HTTPHeaders
}

extension ConsumerLoop {
  /// Tickets of token requests; calls count up from 1 and never get there.
  static let tokenTickets: Range<UInt64> = 1 << 62..<(1 << 62 + 1 << 20)

  /// Sends a call with its destination's credential, or lets it wait for a token.
  func authorize(_ call: Call, _ ticket: UInt64, nowMs: Int64) {
    guard let handle = credentialHandles[call.destination] else {
      return transmit(call, ticket, call.request, nowMs: nowMs)
    }
    switch credentials.authorize(handle, waiter: ticket, nowMs: nowMs) {
    case .ready(let authorization, let generation):
      transmit(call, ticket, authorization, generation, nowMs: nowMs)
    case .wait: calls[ticket] = call
    case .fail(let failure): giveUp(call, ticket, failure, nowMs: nowMs)
    }
  }

  private func transmit(
    _ call: Call, _ ticket: UInt64, _ authorization: Authorization, _ generation: UInt64,
    nowMs: Int64
  ) {
    var call = call
    call.generation = generation
    transmit(call, ticket, authorized(call, authorization, generation), nowMs: nowMs)
  }

  /// Header fields are the same for most calls of a destination: they are put together once.
  private func authorized(
    _ call: Call, _ authorization: Authorization, _ generation: UInt64
  ) -> HTTPRequest {
    var request = call.request
    if let known = authorizedHeaders[call.destination], known.generation == generation,
      known.plain == request.headers
    {
      request.headers = known.headers
      return request
    }
    authorization.apply(to: &request)
    if authorization.isHeader {
      authorizedHeaders[call.destination] = AuthorizedHeaders(
        generation: generation, plain: call.request.headers, headers: request.headers)
    }
    return request
  }

  /// Starts the token requests that are due.
  func requestTokens(nowMs: Int64) {
    let due = credentials.takeTokenRequests(nowMs: nowMs, epochMs: SystemClock.wallMs)
    for (waiter, outcome) in due.ended { take(outcome, waiter, nowMs: nowMs) }
    for (ticket, request) in due.requests {
      do {
        try transfers.start(request, ticket: ticket)
      } catch {
        end(ofToken: ticket, .failure(error), nowMs: nowMs)
      }
    }
  }

  func takeToken(_ completion: HTTPCompletion, nowMs: Int64) {
    end(ofToken: completion.ticket, completion.result, nowMs: nowMs)
    for rotation in credentials.takeRotations() {
      log.write(
        .warning,
        "the API gave out a new refresh token: the configured one may be of no use after a restart",
        [.pipeline: rotation.name])
    }
  }

  private func end(
    ofToken ticket: UInt64, _ result: Result<HTTPResponse, HTTPError>, nowMs: Int64
  ) {
    let ended = credentials.complete(ticket, result, nowMs: nowMs, epochMs: SystemClock.wallMs)
    for (waiter, outcome) in ended { take(outcome, waiter, nowMs: nowMs) }
  }

  private func take(_ outcome: CredentialKeeper.Outcome, _ waiter: UInt64, nowMs: Int64) {
    guard let call = calls.removeValue(forKey: waiter) else { return }
    switch outcome {
    case .ready(let authorization, let generation):
      transmit(call, waiter, authorization, generation, nowMs: nowMs)
    case .fail(let failure): giveUp(call, waiter, failure, nowMs: nowMs)
    }
  }

  /// True when the API refused the call's token and it goes out once more with another.
  func isRefusedToken(_ completion: HTTPCompletion, _ call: Call, nowMs: Int64) -> Bool {
    guard let handle = credentialHandles[call.destination],
      case .success(let response) = completion.result
    else {
      return false
    }
    guard response.status == 401 else {
      credentials.worked(handle, generation: call.generation)
      return false
    }
    guard !call.isSecondTry,
      credentials.refused(handle, generation: call.generation, nowMs: nowMs) == .again
    else { return false }
    var again = call
    again.isSecondTry = true
    authorize(again, completion.ticket, nowMs: nowMs)
    return true
  }
}
