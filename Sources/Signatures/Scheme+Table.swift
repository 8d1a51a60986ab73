// The schemes that are built in. Each row states a fact about a provider; tests hold them against
// published signatures.

extension Scheme {
  /// Every built-in scheme.
  package static let all: [Scheme] = [
    hubspotV1, hubspotV2, hubspotV3, standardWebhooks, svix, stripe, github, shopify, slack,
    intercom, square, xero, intuit, docusign, typeform, zendesk, adyenBody,
  ]

  /// The built-in scheme of this name.
  package static func named(_ name: String) -> Scheme? { all.first { $0.name == name } }

  /// HubSpot undoes these escapes of the URL before it signs.
  private static let hubspotUnescapes = ":/?@!$'()*,;"

  package static let hubspotV1 = Scheme(
    name: "hubspot-v1", header: "X-HubSpot-Signature", algorithm: .plain(.sha256), encoding: .hex,
    signed: [.secret, .body])

  package static let hubspotV2 = Scheme(
    name: "hubspot-v2", header: "X-HubSpot-Signature", algorithm: .plain(.sha256), encoding: .hex,
    signed: [.secret, .method, .url, .body])

  package static let hubspotV3 = Scheme(
    name: "hubspot-v3", header: "X-HubSpot-Signature-v3", encoding: .base64,
    signed: [.method, .url, .body, .timestamp],
    timestamp: TimestampRule(
      .header("X-HubSpot-Request-Timestamp"), unit: .milliseconds, isTwoSided: false),
    urlUnescapes: hubspotUnescapes)

  package static let standardWebhooks = standardWebhooks(
    name: "standard-webhooks-v1", headerPrefix: "webhook")

  package static let svix = standardWebhooks(name: "svix-v1", headerPrefix: "svix")

  private static func standardWebhooks(name: String, headerPrefix: String) -> Scheme {
    Scheme(
      name: name, header: "\(headerPrefix)-signature", layout: .list(separator: " ", tag: "v1,"),
      encoding: .base64, key: .base64(strippedPrefix: "whsec_"),
      signed: [.id, .literal("."), .timestamp, .literal("."), .body],
      timestamp: TimestampRule(
        .header("\(headerPrefix)-timestamp"), unit: .seconds, isTwoSided: true),
      idHeader: "\(headerPrefix)-id", idForbids: ".")
  }

  package static let stripe = Scheme(
    name: "stripe-v1", header: "Stripe-Signature", layout: .pairs(separator: ",", key: "v1"),
    encoding: .hex, signed: [.timestamp, .literal("."), .body],
    timestamp: TimestampRule(.pair("t"), unit: .seconds, isTwoSided: false),
    refusesEmptyBody: true)

  package static let github = Scheme(
    name: "github-sha256", header: "X-Hub-Signature-256", prefix: "sha256=", encoding: .hex,
    signed: [.body])

  package static let shopify = Scheme(
    name: "shopify-hmac", header: "X-Shopify-Hmac-Sha256", encoding: .base64, signed: [.body],
    requiredHeaders: [
      "X-Shopify-API-Version", "X-Shopify-Shop-Domain", "X-Shopify-Topic", "X-Shopify-Webhook-Id",
    ], refusesEmptyBody: true)

  package static let slack = Scheme(
    name: "slack-v0", header: "X-Slack-Signature", prefix: "v0=", encoding: .hex,
    signed: [.literal("v0:"), .timestamp, .literal(":"), .body],
    timestamp: TimestampRule(
      .header("X-Slack-Request-Timestamp"), unit: .seconds, isTwoSided: true))

  package static let intercom = Scheme(
    name: "intercom-sha1", header: "X-Hub-Signature", prefix: "sha1=", algorithm: .hmac(.sha1),
    encoding: .hex, signed: [.body])

  package static let square = Scheme(
    name: "square-hmacsha256", header: "x-square-hmacsha256-signature", encoding: .base64,
    signed: [.url, .body])

  package static let xero = Scheme(
    name: "xero-signature", header: "x-xero-signature", encoding: .base64, signed: [.body])

  package static let intuit = Scheme(
    name: "intuit-signature", header: "intuit-signature", encoding: .base64, signed: [.body])

  package static let docusign = Scheme(
    name: "docusign-hmac", header: "X-DocuSign-Signature-", layout: .numbered, encoding: .base64,
    signed: [.body])

  package static let typeform = Scheme(
    name: "typeform-signature", header: "Typeform-Signature", prefix: "sha256=",
    encoding: .base64, signed: [.body])

  /// The secret looks like base64 and is used as text.
  package static let zendesk = Scheme(
    name: "zendesk-v1", header: "X-Zendesk-Webhook-Signature", encoding: .base64,
    signed: [.timestamp, .body],
    timestamp: TimestampRule(
      .header("X-Zendesk-Webhook-Signature-Timestamp"), unit: .seconds, toleranceMs: nil,
      isTwoSided: false))

  package static let adyenBody = Scheme(
    name: "adyen-body-hmac", header: "HmacSignature", encoding: .base64, key: .hex,
    signed: [.body])
}
