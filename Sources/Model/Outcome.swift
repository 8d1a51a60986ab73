// What became of one attempt at an event, classified once: this table decides between retry and
// dead letter everywhere.

/// Where in the pipeline an attempt stood.
package enum Stage: String, Sendable, CaseIterable {
  case decode, enrich, map, write
}

/// The kinds of failure, closed: metric labels and the dead letter's `-class` come from here.
package enum FailureClass: String, Sendable, CaseIterable {
  /// The other side may do better later: connection refused, time-out, 5xx.
  case transient
  /// The other side asked us to slow down: 429, or 503 with Retry-After.
  case throttled
  /// Our credential was refused: 401, 403.
  case auth
  /// Somebody else changed the record meanwhile: 409, 412.
  case conflict
  /// The other side will refuse this for ever: other 4xx, an answer that is not what was asked.
  case permanent
  /// The event itself cannot be understood: undecodable, no key, too large.
  case poison
  /// Our own mistake; never expected.
  case bug

  /// True when another attempt can help.
  package var isRetriable: Bool {
    switch self {
    case .transient, .throttled, .auth, .conflict: true
    case .permanent, .poison, .bug: false
    }
  }

  /// What a person can do about it.
  package var remedy: String {
    switch self {
    case .transient: "wait or look after the destination, then replay"
    case .throttled: "lower the rate or raise the quota, then replay"
    case .auth: "mend the credential, then replay"
    case .conflict: "replay; if it comes back, find who else writes this record"
    case .permanent: "mend the mapping or the record at its source, then replay"
    case .poison: "look at the value; if it is ours, mend the producer"
    case .bug: "report it with the dead letter's headers"
    }
  }
}

/// One failed attempt.
package struct Failure: Error, Sendable, Equatable {
  package var failureClass: FailureClass
  package var stage: Stage
  /// One sentence without secrets or payload.
  package var message: String
  package var httpStatus: Int?
  /// How long the other side asked us to wait, from now.
  package var retryAfterMs: Int64?

  package init(
    _ failureClass: FailureClass, _ stage: Stage, _ message: String, httpStatus: Int? = nil,
    retryAfterMs: Int64? = nil
  ) {
    self.failureClass = failureClass
    self.stage = stage
    self.message = message
    self.httpStatus = httpStatus
    self.retryAfterMs = retryAfterMs
  }
}

/// The end of one attempt at an event.
package enum Outcome: Sendable, Equatable {
  /// The newest state is durable downstream.
  case written
  /// What is there already is as new, or newer: nothing was written.
  case superseded
  /// This very event had been applied before: nothing was written.
  case duplicate
  /// The record no longer exists at its source; downstream knows it.
  case gone
  /// No pipeline wants this event.
  case skipped
  case failed(Failure)
}
