// Where a connection stands.

enum ConnectionPhase {
  /// Can transition to: `body` (a good head), `lingering` (a bad one), `closed`.
  case head
  /// Can transition to: `waiting` (the body went to Kafka), `head` (answered at once),
  /// `lingering` (too large, too slow), `closed`.
  case body
  /// For Kafka. Can transition to: `head` (answered), `lingering` (answered for the last time),
  /// `closed`.
  case waiting(place: Int)
  /// The last answer is written and the sender may still be sending; closing at once could
  /// destroy the answer on its way. Without a rest unread it is over when the answer is out.
  /// Can transition to: `closed`.
  case lingering
  /// Can transition to: none.
  case closed
}
