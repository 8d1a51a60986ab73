// A provider as data: how it signs, what its bodies hold, how patient it is.

package import Signatures

/// Everything that the receiver knows of a provider.
package struct Provider: Sendable, Equatable {
  package var name: String
  /// Tried in this order; a request must satisfy one of them.
  package var schemes: [Scheme]
  package var splitting: Splitting
  package var identity: EventIdentity
  /// How long the provider waits for an answer.
  package var deadlineMs: Int
  /// What it takes for success.
  package var successStatus: Int
  /// More events than this in one body are kept together as one that nobody can key.
  package var eventsMax: Int

  package enum Splitting: Sendable, Equatable {
    /// The body is one event.
    case whole
    /// One event an element of the top-level array; any other body is one event.
    case elements
  }

  package init(
    name: String, schemes: [Scheme], splitting: Splitting, identity: EventIdentity,
    deadlineMs: Int, successStatus: Int = 200, eventsMax: Int = 1000
  ) {
    self.name = name
    self.schemes = schemes
    self.splitting = splitting
    self.identity = identity
    self.deadlineMs = deadlineMs
    self.successStatus = successStatus
    self.eventsMax = eventsMax
  }
}

extension Provider {
  /// The built-in providers that need no scheme spelled out.
  package static let all = [hubspot, standardWebhooks]

  /// Also those that are built from settings.
  package static let names = all.map(\.name) + ["hmac"]

  package static func named(_ name: String) -> Provider? { all.first { $0.name == name } }

  /// Event ids of HubSpot are not unique and its retries change `attemptNumber`, hence the long
  /// dedup key without it.
  package static let hubspot = Provider(
    name: "hubspot", schemes: [.hubspotV3], splitting: .elements,
    identity: EventIdentity(
      id: [
        .json("/portalId"), .json("/subscriptionType"), .json("/objectId"), .json("/eventId"),
        .json("/occurredAt"),
      ],
      optionalId: [.json("/propertyName")], type: .json("/subscriptionType"),
      // The type ids of HubSpot's own objects: a record has one key, however it is spoken of.
      object: .firstPartOfType(
        generic: "object", named: .json("/objectTypeId"),
        aliases: [
          "0-1": "contact", "0-2": "company", "0-3": "deal", "0-5": "ticket", "0-7": "product",
          "0-8": "line_item",
        ]),
      recordId: .json("/objectId"), tenant: .json("/portalId"), time: .json("/occurredAt")),
    deadlineMs: 5000)

  /// The type is hierarchical, `contact.updated`, and `data.id` names the record by convention.
  package static let standardWebhooks = Provider(
    name: "standard-webhooks", schemes: [.standardWebhooks, .svix], splitting: .whole,
    identity: EventIdentity(
      id: [.header("webhook-id")], optionalId: [.header("svix-id")], type: .json("/type"),
      object: .firstPartOfType(generic: "", named: nil, aliases: [:]),
      recordId: .json("/data/id"), time: .json("/timestamp")),
    deadlineMs: 15_000)

  /// A provider whose scheme and identity the user spelled out. The places are in the written form
  /// of `Locator`; nil keeps `base`'s.
  package static func generic(
    name: String, schemes: [Scheme], base: Provider? = nil, id: String? = nil,
    type: String? = nil, object: String? = nil, recordId: String? = nil, tenant: String? = nil,
    time: String? = nil
  ) throws(SchemeError) -> Provider {
    var provider =
      base
      ?? Provider(
        name: name, schemes: schemes, splitting: .whole, identity: EventIdentity(id: []),
        deadlineMs: 10_000)
    func locator(_ text: String?) throws(SchemeError) -> Locator? {
      guard let text else { return nil }
      return try Locator(text)
    }
    if let place = try locator(id) {
      provider.identity.id = [place]
      provider.identity.optionalId = []
    }
    if let place = try locator(object) { provider.identity.object = .value(place) }
    provider.identity.type = try locator(type) ?? provider.identity.type
    provider.identity.recordId = try locator(recordId) ?? provider.identity.recordId
    provider.identity.tenant = try locator(tenant) ?? provider.identity.tenant
    provider.identity.time = try locator(time) ?? provider.identity.time
    return provider
  }
}
