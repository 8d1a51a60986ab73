// Signs webhooks as HubSpot does, for whoever plays HubSpot.
import Providers
import Sandbox
import Signatures

enum HubSpotSigning {
  /// Fails when the secret is empty. A signer is made for each webhook: its URL is known only then.
  static func make(_ secret: String) throws -> WebhookOptions.Sign {
    let scheme = try Scheme.builtIn("hubspot-v3")
    _ = try Signer(scheme, secret: secret, publicURL: "https://example.com/")
    return { method, url, body, timestampMs in
      guard let signer = try? Signer(scheme, secret: secret, publicURL: url),
        let headers = try? signer.headers(
          method: method, target: "/", body: body, nowMs: timestampMs)
      else { return [] }
      return headers
    }
  }
}
