// What a built-in scheme signs, it verifies, and nothing else.

import Foundation
import Model
import Providers
import Settings
import Signatures
import Testing

@Suite struct RoundTripTests {
  /// The schemes that sign with a secret, which a signer can do as well.
  static let keyed: [Scheme] = ProviderSettings.builtInNames.flatMap { name in
    let schemes = (try? Provider.named(name))?.schemes ?? []
    return schemes.filter(\.isSignedByHeaders)
  }

  @Test func theSchemesAreThere() { #expect(Self.keyed.count > 18) }

  @Test(arguments: keyed) func signedIsVerified(_ scheme: Scheme) throws {
    let isHex = scheme.name.hasPrefix("adyen")
    let secret = isHex ? "00ff10" : "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let url = "https://hooks.example.com/hooks/a%3Ab"
    let signer = try Signer(scheme, secret: secret, publicURL: url)
    let verifier = try Verifier(
      scheme, secrets: ["AAAA", secret], Verifier.Setup(publicURL: url))
    let now: Int64 = 1_700_000_000_123
    let body = Array(#"{"é":1}"#.utf8)
    let added = try signer.headers(
      target: "/hooks/a%3Ab?x=%2F1", body: body, id: "msg_1", nowMs: now)
    let headers = added + scheme.requiredHeaders.map { ($0, "x") }
    func verdict(_ body: [UInt8], target: String = "/hooks/a%3Ab?x=%2F1")
      -> Result<Verifier.Verified, Rejection>
    {
      RequestView.with(method: "POST", target: target, headers: headers, body: body) {
        verifier.verify($0, nowMs: now)
      }
    }
    let verified = try verdict(body).get()
    #expect(verified.secretIndex == 1)
    #expect(verified.label == "\(scheme.name)#1")
    for index in body.indices {
      var changed = body
      changed[index] ^= 1
      #expect(verdict(changed) == .failure(.signatureMismatch))
    }
    if scheme.signed.parts.contains(.url) {
      #expect(verdict(body, target: "/hooks/a%3Ab?x=2") == .failure(.signatureMismatch))
    }
  }
}
