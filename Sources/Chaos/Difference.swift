// What a scenario found wrong.

/// What is promised of the consumer.
package enum Guarantee: String, Sendable, CaseIterable {
  /// Every offset below the committed one has its effect, at every moment.
  case noLoss = "nothing lost"
  /// No state of a record is written twice.
  case once = "nothing applied twice"
  /// Of each record, states are written in their order.
  case order = "order per record"
  /// In the end the database is what the API is.
  case freshness = "database as the API"
  /// Poison is in the dead-letter topic, and nothing else is.
  case deadLetters = "dead letters"
  /// Everything gets done, and its offsets committed.
  case progress = "progress"
  /// Members end when told to, and only then.
  case ending = "members' ends"
}

/// One finding.
package struct Difference: Sendable, Equatable, CustomStringConvertible {
  package let guarantee: Guarantee
  package let text: String

  package init(_ guarantee: Guarantee, _ text: String) {
    self.guarantee = guarantee
    self.text = text
  }

  package var description: String { "\(guarantee.rawValue): \(text)" }
}
