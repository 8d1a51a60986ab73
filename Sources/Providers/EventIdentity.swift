// How the identity of one event is read from its JSON and the request's headers.

/// A provider's answers to: which event, which record, whose, when.
package struct EventIdentity: Sendable, Equatable {
  /// The dedup key: these values joined by commas. A value that an event does not have counts as
  /// empty; with none of them the id is a hash of the event.
  package var id: [Locator]
  /// Joined too, but only where the event has them.
  package var optionalId: [Locator]
  package var type: Locator?
  package var object: ObjectRule?
  package var recordId: Locator?
  package var tenant: Locator?
  /// Milliseconds, seconds or RFC 3339.
  package var time: Locator?

  package enum ObjectRule: Sendable, Equatable {
    case value(Locator)
    /// What stands before the first dot of the event's type; where that is `generic`, the value at
    /// `named` instead, by another name if `aliases` has one.
    case firstPartOfType(generic: String, named: Locator?, aliases: [String: String])
  }

  package init(
    id: [Locator], optionalId: [Locator] = [], type: Locator? = nil, object: ObjectRule? = nil,
    recordId: Locator? = nil, tenant: Locator? = nil, time: Locator? = nil
  ) {
    self.id = id
    self.optionalId = optionalId
    self.type = type
    self.object = object
    self.recordId = recordId
    self.tenant = tenant
    self.time = time
  }
}
