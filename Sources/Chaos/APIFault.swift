// What the API does wrong at some point of a plan.

import Sandbox

/// One change of the sandbox's behaviour.
package enum APIFault: Sendable, Equatable {
  /// For so long every answer is a 429 that asks to wait.
  case storm(forMs: Int64, retryAfterS: Int, isDate: Bool)
  /// For so long every answer is this status.
  case errors(status: Int, forMs: Int64)
  /// For so long connections end without an answer.
  case dropped(forMs: Int64)
  /// From now on; the rate is that of slow answers, which take `slowMs` longer.
  case latency(ms: Int64, jitterMs: Int64, slowRate: Double, slowMs: Int64)
  /// So many answers are 401, as with a token that somebody revoked and gave back.
  case unauthorized(next: Int)
  /// From now on these shares of the answers are 429 and 5xx.
  case rates(throttle: Double, error: Double)
  /// From now on no more requests a second than this, 0 without limit.
  case perSecond(Int)
  /// From now on this share of the reads shows the state of so long ago.
  case stale(forMs: Int64, rate: Double)
  /// The listener is gone: connections are refused.
  case away
  case back

  /// Changes the faults; nothing for `away` and `back`, which are no faults of a running server.
  func apply(to faults: inout SandboxFaults) {
    switch self {
    case .storm(let forMs, let retryAfterS, let isDate):
      faults.throttleForMs = forMs
      faults.retryAfterS = retryAfterS
      faults.retryAfterIsDate = isDate
    case .errors(let status, let forMs):
      faults.errorStatus = status
      faults.errorForMs = forMs
    case .dropped(let forMs): faults.deadForMs = forMs
    case .latency(let ms, let jitterMs, let slowRate, let slowMs):
      faults.latencyMs = ms
      faults.latencyJitterMs = jitterMs
      faults.slowRate = slowRate
      faults.slowMs = slowMs
    case .unauthorized(let next): faults.unauthorizedNext = next
    case .rates(let throttle, let error):
      faults.throttleRate = throttle
      faults.errorRate = error
    case .perSecond(let max): faults.requestsPerSecondMax = max
    case .stale(let forMs, let rate):
      faults.staleForMs = forMs
      faults.staleRate = rate
    case .away, .back: break
    }
  }

  /// For a plan's summary.
  var name: String {
    switch self {
    case .storm(_, let seconds, let isDate): "429-storm(\(seconds)s\(isDate ? " as date" : ""))"
    case .errors(let status, let forMs): "\(status)-burst(\(forMs)ms)"
    case .dropped(let forMs): "dropped(\(forMs)ms)"
    case .latency(let ms, let jitterMs, _, _): "latency(\(ms)+\(jitterMs)ms)"
    case .unauthorized(let next): "401(x\(next))"
    case .rates(let throttle, let error): "rates(429 \(throttle), 5xx \(error))"
    case .perSecond(let max): "limit(\(max)/s)"
    case .stale(let forMs, _): "stale(\(forMs)ms)"
    case .away: "refused"
    case .back: "back"
    }
  }
}
