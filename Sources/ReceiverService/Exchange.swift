// One request between "handed to Kafka" and "answered": which delivery reports are still out, and
// what the answer will be. Pure: the shell produces, answers and tells the time.
import Model

/// The decision of one request's answer.
///
/// The answer is 2xx only after every event has its delivery report without error. A report that
/// comes after the answer (deadline passed) is counted and changes nothing.
struct Exchange: Sendable, Equatable {
  enum State: Sendable, Equatable {
    /// Events are being handed to Kafka.
    /// Can transition to: `waiting` (all handed over), `answered` (one could not be).
    case publishing
    /// Every event was handed over; reports are out.
    /// Can transition to: `answered` (all reports in, one with an error, or deadline passed).
    case waiting
    /// The answer has been given; reports may still be out.
    /// Can transition to: nothing; the exchange ends when the last report is in.
    case answered
  }

  enum Action: Sendable, Equatable {
    case none
    case accept
    case reject(Rejection)
  }

  private(set) var state = State.publishing
  /// Events handed to Kafka without a report so far.
  private(set) var outstanding = 0

  /// Nothing is out and the answer is given: the exchange can be forgotten.
  var isOver: Bool { state == .answered && outstanding == 0 }

  /// Notes that an event was handed over.
  mutating func produced() {
    guard state == .publishing else {
      preconditionFailure("Exchange.produced: state is \(state)")
    }
    outstanding += 1
  }

  /// Notes that an event could not be handed over: no more are to be produced.
  mutating func refused(_ rejection: Rejection) -> Action {
    guard state == .publishing else {
      preconditionFailure("Exchange.refused: state is \(state)")
    }
    state = .answered
    return .reject(rejection)
  }

  /// Notes that every event of the body was handed over. A body without events is accepted.
  mutating func allProduced() -> Action {
    guard state == .publishing else {
      preconditionFailure("Exchange.allProduced: state is \(state)")
    }
    guard outstanding > 0 else {
      state = .answered
      return .accept
    }
    state = .waiting
    return .none
  }

  /// Takes a delivery report; `failure` is nil when Kafka has the event.
  mutating func delivered(_ failure: Rejection?) -> Action {
    guard outstanding > 0 else { preconditionFailure("Exchange.delivered: no report is out") }
    outstanding -= 1
    guard state == .waiting else { return .none }
    if let failure {
      state = .answered
      return .reject(failure)
    }
    guard outstanding == 0 else { return .none }
    state = .answered
    return .accept
  }

  /// The request's time is up.
  mutating func deadlinePassed() -> Action {
    guard state == .waiting else { return .none }
    state = .answered
    return .reject(.kafkaTimeout)
  }
}
