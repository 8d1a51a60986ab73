// What a status means to a pipeline: one table, used by every caller.

package import Model

/// The meaning of a response's status.
package enum StatusMeaning: Sendable, Equatable {
  /// 2xx
  case ok
  /// 404, 410: the record is not there.
  case gone
  case failed(Failure)
}

extension HTTPResponse {
  /// Sorts this response's status; `nowMs` (since the Unix epoch) serves Retry-After's dates.
  package func meaning(_ stage: Stage, nowMs: Int64) -> StatusMeaning {
    let retryAfterMs = headers["Retry-After"].flatMap { RetryAfter.ms($0, nowMs: nowMs) }
    let failureClass: FailureClass
    switch status {
    case 200..<300: return .ok
    case 404, 410: return .gone
    case 429: failureClass = .throttled
    // 477 is HubSpot's "this account is being moved", sent with Retry-After.
    case 477, 503: failureClass = retryAfterMs == nil ? .transient : .throttled
    case 401, 403: failureClass = .auth
    case 409, 412: failureClass = .conflict
    // 423: the record is locked for a moment.
    case 408, 423, 425, 500..<600: failureClass = .transient
    default: failureClass = .permanent
    }
    return .failed(
      Failure(
        failureClass, stage, Self.message(status), httpStatus: status, retryAfterMs: retryAfterMs))
  }

  private static func message(_ status: Int) -> String {
    switch status {
    case 300..<400: "the other side answered \(status): redirects are not followed"
    case 401, 403: "the other side answered \(status): the credential was refused"
    case 429: "the other side answered 429: too many requests"
    default: "the other side answered \(status)"
    }
  }
}
