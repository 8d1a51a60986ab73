// One event as HubSpot's webhooks carry it.

/// An element of a webhook's array. Its encoded names are HubSpot's.
struct WebhookEvent: Sendable, Equatable, Encodable {
  var eventId: Int64
  var subscriptionId: Int64 = 2001
  var portalId: Int64
  var appId: Int64 = 3001
  /// `contact.creation`, `contact.propertyChange`, `contact.deletion`
  var subscriptionType: String
  var attemptNumber = 0
  var objectId: Int64
  /// Milliseconds since the Unix epoch: the record's modified time after the change.
  var occurredAt: Int64
  var changeSource = "CRM_UI"
  var sourceId = "userId:4001"
  /// Left out except in a property change.
  var propertyName: String?
  var propertyValue: String?
}
