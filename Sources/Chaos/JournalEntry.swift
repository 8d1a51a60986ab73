// What lies in the topics, as far as the balance needs it.

/// One record of the events topic.
package struct JournalEntry: Sendable, Equatable {
  /// What a consumer is to make of it.
  package enum Kind: String, Sendable {
    /// Its event's id must get into the inbox.
    case ours
    /// No pipeline takes it: it must leave no trace.
    case foreign
    /// It must get into the dead-letter topic.
    case poison
  }

  package let place: Place
  package let kind: Kind
  package let id: String

  package init(place: Place, kind: Kind, id: String) {
    self.place = place
    self.kind = kind
    self.id = id
  }
}

/// A partition and an offset of the events topic.
package struct Place: Sendable, Hashable, CustomStringConvertible {
  package let partition: Int32
  package let offset: Int64

  package init(partition: Int32, offset: Int64) {
    self.partition = partition
    self.offset = offset
  }

  package var description: String { "\(partition)/\(offset)" }
}

/// One record of the dead-letter topic.
package struct FoundLetter: Sendable, Equatable {
  /// Where its original lies.
  package let origin: Place
  package let failureClass: String
  package let message: String

  package init(origin: Place, failureClass: String, message: String) {
    self.origin = origin
    self.failureClass = failureClass
    self.message = message
  }
}
