// One request between its first event handed to Kafka and its answer: counts, folds results into
// one answer, keeps the deadline. Pure.

import Model

/// The life of an accepted request. The answer is given exactly once; the request is finished only
/// when every event that Kafka took has come back, so that its place cannot be mistaken for
/// another's.
struct RequestProgress: Sendable, Equatable {
  private(set) var state = State.publishing
  /// Events that Kafka took and has not reported on.
  private(set) var outstanding = 0
  /// Events that Kafka acknowledged.
  private(set) var acknowledged = 0
  /// False once an event was refused or came back unstored.
  private(set) var isWhole = true
  /// Monotonic.
  let deadlineMs: Int64
  private var failure: Rejection?

  enum State: Sendable, Equatable {
    /// Events are being handed over. Can transition to: `waiting` (all are, none failed yet),
    /// `answered` (one was refused, or the last report is in already).
    case publishing
    /// Can transition to: `answered` (the last good report, the first bad one, or the deadline).
    case waiting
    /// Reports may still come and change nothing. Can transition to: none.
    case answered
  }

  enum Answer: Sendable, Equatable {
    case accepted
    case rejected(Rejection)
  }

  struct Action: Sendable, Equatable {
    /// To be sent now.
    var answer: Answer?
    /// No report is owed any more: the place may be used again.
    var isFinished: Bool

    static let none = Action(answer: nil, isFinished: false)
  }

  init(deadlineMs: Int64) { self.deadlineMs = deadlineMs }

  /// Kafka took one more event.
  mutating func handedOver() {
    precondition(state == .publishing, "handedOver in state \(state)")
    outstanding += 1
  }

  /// Kafka did not take an event; the rest is not to be offered.
  mutating func refused(_ rejection: Rejection) {
    precondition(state == .publishing, "refused in state \(state)")
    isWhole = false
    failure = failure ?? rejection
  }

  /// Every event was offered, or one was refused.
  mutating func sealed() -> Action {
    precondition(state == .publishing, "sealed in state \(state)")
    state = .waiting
    return settle()
  }

  /// A report on one event; nil is good news.
  mutating func delivered(_ rejection: Rejection?) -> Action {
    precondition(outstanding > 0, "delivered with nothing outstanding")
    outstanding -= 1
    if rejection == nil { acknowledged += 1 } else { isWhole = false }
    failure = failure ?? rejection
    return settle()
  }

  /// Time has passed.
  mutating func elapsed(nowMs: Int64) -> Action {
    guard state == .waiting, nowMs >= deadlineMs else { return .none }
    failure = failure ?? .kafkaTimeout
    return settle()
  }

  private mutating func settle() -> Action {
    switch state {
    case .publishing: return .none
    case .answered: return Action(answer: nil, isFinished: outstanding == 0)
    case .waiting:
      if let failure {
        state = .answered
        return Action(answer: .rejected(failure), isFinished: outstanding == 0)
      }
      guard outstanding == 0 else { return .none }
      state = .answered
      return Action(answer: .accepted, isFinished: true)
    }
  }
}
