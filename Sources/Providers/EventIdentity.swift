// How the identity of one event is read from its bytes, its surroundings and the request's headers.

/// A provider's answers to: which event, which record, whose, when.
package struct EventIdentity: Sendable, Equatable {
  /// The dedup key: these values joined by commas. Where one is missing, the id is a hash of the
  /// event: a part alone might be the same for two events.
  package var id: [Locator]
  /// Joined too, but only where the event has them.
  package var optionalId: [Locator]
  package var type: Locator?
  package var object: Locator?
  package var recordId: Locator?
  package var tenant: Locator?
  /// See `EventTime`.
  package var time: Locator?
  /// A number, or a time.
  package var recordVersion: Locator?
  /// What `| alias` looks up.
  package var aliases: [String: String]
  /// The form field with JSON in it, where a form has one: there `json:` looks.
  package var formJSON: String?

  package init(
    id: [Locator], optionalId: [Locator] = [], type: Locator? = nil, object: Locator? = nil,
    recordId: Locator? = nil, tenant: Locator? = nil, time: Locator? = nil,
    recordVersion: Locator? = nil, aliases: [String: String] = [:], formJSON: String? = nil
  ) {
    self.id = id
    self.optionalId = optionalId
    self.type = type
    self.object = object
    self.recordId = recordId
    self.tenant = tenant
    self.time = time
    self.recordVersion = recordVersion
    self.aliases = aliases
    self.formJSON = formJSON
  }
}
