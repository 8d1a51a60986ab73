// The reasons of refusal, the rules on time, and what is refused before any request.

import Model
import Providers
import Settings
import Signatures
import Testing

@Suite struct VerifierTests {
  let now: Int64 = 1_700_000_000_000
  let body = Array("[]".utf8)

  func verdict(
    _ verifier: Verifier, _ headers: [(String, String)], now: Int64? = nil
  ) -> Result<Verifier.Verified, Rejection> {
    RequestView.with(method: "POST", target: "/hooks/x", headers: headers, body: body) {
      verifier.verify($0, nowMs: now ?? self.now)
    }
  }

  @Test func hubspotReasons() throws {
    let hubspot = try Scheme.builtIn("hubspot-v3")
    let url = "https://hooks.example.com/hooks/x"
    let verifier = try Verifier(
      hubspot, secrets: ["s"], Verifier.Setup(publicURL: url))
    let signed = try Signer(hubspot, secret: "s", publicURL: url)
      .headers(target: "/hooks/x", body: body, nowMs: now)
    #expect((try? verdict(verifier, signed).get()) != nil)
    #expect(verdict(verifier, []) == .failure(.signatureMissing))
    #expect(verdict(verifier, [("X-HubSpot-Signature-v3", "")]) == .failure(.signatureMissing))
    #expect(verdict(verifier, [signed[1]]) == .failure(.timestampMissing))
    #expect((try? verdict(verifier, signed, now: now + 300_000).get()) != nil)
    let late = verdict(verifier, signed, now: now + 300_001)
    #expect(late == .failure(.timestampOutsideTolerance))
    // One-sided: a clock behind HubSpot's refuses nothing.
    #expect((try? verdict(verifier, signed, now: now - 900_000).get()) != nil)
    for bad in ["1e3", "-1", "99999999999999999999", "17000000000000000"] {
      let headers = [("X-HubSpot-Request-Timestamp", bad), signed[1]]
      #expect(verdict(verifier, headers) == .failure(.timestampOutsideTolerance))
    }
  }

  @Test func standardWebhooksReasons() throws {
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let verifier = try Verifier(Scheme.builtIn("standard-webhooks-v1"), secrets: [secret])
    let signer = try Signer(Scheme.builtIn("standard-webhooks-v1"), secret: secret)
    let signed = try signer.headers(target: "/", body: body, id: "msg_1", nowMs: now)
    #expect((try? verdict(verifier, signed, now: now - 300_000).get()) != nil)
    let early = verdict(verifier, signed, now: now - 301_000)
    #expect(early == .failure(.timestampOutsideTolerance))
    // `a.b` + `.1.` could be read as another id, time and body.
    let dotted = try signer.headers(target: "/", body: body, id: "a.b", nowMs: now)
    #expect(verdict(verifier, dotted) == .failure(.signatureMalformed))
    #expect(verdict(verifier, [signed[0], signed[2]]) == .failure(.signatureMalformed))
    let otherTag = [signed[0], signed[1], ("webhook-signature", "v9,abc")]
    #expect(verdict(verifier, otherTag) == .failure(.signatureMalformed))
  }

  /// The standard's own example. The last digit has four bits that say nothing.
  @Test(arguments: [("Ag==", true), ("Ag", false), ("Ag=", false), ("Ah==", false)])
  func aSignatureHasOneSpelling(_ end: String, _ isGenuine: Bool) throws {
    let verifier = try Verifier(
      Scheme.builtIn("standard-webhooks-v1a"),
      secrets: ["whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="])
    let signature =
      "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TB"
    let headers = [
      ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), ("webhook-timestamp", "1614265330"),
      ("webhook-signature", signature + end),
    ]
    let body = Array(#"{"test": 2432232314}"#.utf8)
    let verdict = RequestView.with(method: "POST", target: "/", headers: headers, body: body) {
      verifier.verify($0, nowMs: 1_614_265_330_000)
    }
    #expect(((try? verdict.get()) != nil) == isGenuine, "\(end)")
  }

  @Test func secretsThatMustNotServe() {
    #expect(throws: SchemeError.noSecret(scheme: "github-sha256")) {
      try Verifier(Scheme.builtIn("github-sha256"), secrets: [])
    }
    for blank in ["", " ", "\n"] {
      #expect(throws: SchemeError.emptySecret(scheme: "github-sha256", index: 1)) {
        try Verifier(Scheme.builtIn("github-sha256"), secrets: ["a", blank])
      }
    }
    #expect(throws: SchemeError.emptySecret(scheme: "svix-v1", index: 0)) {
      try Verifier(Scheme.builtIn("svix-v1"), secrets: ["whsec_"])
    }
    for wrong in ["whsec_*", "whsec_AAAAA", "a b"] {
      #expect(
        throws: SchemeError.undecodableSecret(scheme: "svix-v1", index: 0, expected: "base64")
      ) { try Verifier(Scheme.builtIn("svix-v1"), secrets: [wrong]) }
    }
    #expect(
      throws: SchemeError.undecodableSecret(scheme: "adyen-body-hmac", index: 0, expected: "hex")
    ) { try Verifier(Scheme.builtIn("adyen-body-hmac"), secrets: ["abc"]) }
    #expect(throws: SchemeError.missingPublicURL(scheme: "hubspot-v3")) {
      try Verifier(Scheme.builtIn("hubspot-v3"), secrets: ["s"])
    }
  }

  @Test func templates() throws {
    let parts: [SignedTemplate.Part] = [
      .literal("v0{"), .timestamp, .literal("}:"), .header("X-A"), .body,
    ]
    #expect(try SignedTemplate("v0{{{timestamp}}}:{header:X-A}{body}").parts == parts)
    for bad in ["{body", "body}", "{nope}{body}", "{header:}{body}"] {
      #expect(throws: SchemeError.badTemplate(bad)) { try SignedTemplate(bad) }
    }
    #expect(try !SignedTemplate("{timestamp}").coversBody)
  }

  func own(_ yaml: String) throws -> Scheme {
    let text = "schemes: {own: {" + yaml + "}}"
    return try #require(Provider(ProviderSettings.parse(name: "own", text: text)).schemes.first)
  }

  @Test(arguments: ["sha1", "sha256", "sha512"], ["hex", "base64"])
  func ownSchemesRoundTrip(hash: String, encoding: String) throws {
    let scheme = try own(
      """
      header: X-Sig, prefix: "p=", hash: \(hash), encoding: \(encoding), key: hex, \
      signed: "{method}|{path}|{query}|{header:X-A}|{timestamp}.{body}", \
      timestamp: "header:X-Time", timestamp_unit: ms, tolerance_s: 10
      """)
    let signer = try Signer(scheme, secret: "00ff")
    let verifier = try Verifier(scheme, secrets: ["00FF"])
    let own = [("X-A", "1")]
    let headers =
      try own
      + signer.headers(target: "/hooks/x", headers: own, body: body, nowMs: now)
    #expect((try? verdict(verifier, headers).get()) != nil)
    #expect(verdict(verifier, [("X-A", "2")] + headers) == .failure(.signatureMismatch))
    let upper = headers.map {
      ($0.0, encoding == "hex" ? "p=" + $0.1.dropFirst(2).uppercased() : $0.1)
    }
    #expect((try? verdict(verifier, [headers[0], headers[1], upper[2]]).get()) != nil)
    #expect(verdict(verifier, headers, now: now + 10_001) == .failure(.timestampOutsideTolerance))
  }

  @Test(arguments: [
    "header: X, signed: '{url}'", "header: X, signed: '{timestamp}{body}'",
    "header: X, signed: '{id}{body}'", "header: X, timestamp: 'header:T'", "hash: sha1",
    "header: X, algorithm: digest", "algorithm: secret",
    "header: X, algorithm: certificate, certificate_url: 'header:U'",
    "header: X, algorithm: certificate, certificate_hosts: a.example, certificate_path: /*",
    "header: X, hash_by: 'header:H', hashes: {a: md5}",
  ])
  func wordsThatDoNotGoTogether(_ yaml: String) {
    #expect(throws: SchemeError.self) { try own(yaml) }
  }

  /// With a shared key Twilio hashes with SHA-256 and says so. Signed by its Python SDK.
  @Test func twilioSharedKeys() throws {
    let setup = Verifier.Setup(publicURL: "https://mycompany.com/myapp.php")
    let settings = ("X-Twilio-Webhooks-Signature-Settings", "key=k,algorithm=HMAC_SHA256")
    let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
    let cases = [
      (
        "twilio-form-sha256", "?foo=1&bar=2", "CallSid=CA1&From=%2B14158675309",
        "N/z60sp++Rwug9Ehk+VvqnKg+EtlFGUOIdYTn5Qt2/0="
      ),
      (
        "twilio-body-sha256", "?foo=1&bar=2&bodySHA256=\(hash)",
        #"{"property": "value", "boolean": true}"#,
        "+UOCWf84gdgo/5Hpg4m5/EgKnJA2/TbOw5sPNVr3bPk="
      ),
    ]
    for (name, query, body, signature) in cases {
      let verifier = try Verifier(Scheme.builtIn(name), secrets: ["12345"], setup)
      func verdict(
        _ headers: [(String, String)], _ body: String
      ) -> Result<Verifier.Verified, Rejection> {
        RequestView.with(
          method: "POST", target: "/x" + query, headers: headers, body: Array(body.utf8)
        ) { verifier.verify($0, nowMs: now) }
      }
      let signed = ("X-Twilio-Signature", signature)
      #expect(try verdict([signed, settings], body).get().label == "\(name)#0")
      #expect(throws: Rejection.self) { try verdict([signed, settings], body + "1").get() }
      // SHA-1, told or not, is another scheme's.
      #expect(verdict([signed], body) == .failure(.signatureMissing))
      let older = (settings.0, "key=k,algorithm=HMAC_SHA1")
      #expect(verdict([signed, older], body) == .failure(.signatureMissing))
      let other = String(name.dropLast("-sha256".count))
      let plain = try Verifier(Scheme.builtIn(other), secrets: ["12345"], setup)
      let left = RequestView.with(
        method: "POST", target: "/x" + query, headers: [signed, settings], body: Array(body.utf8)
      ) { plain.verify($0, nowMs: now) }
      #expect(left == .failure(.signatureMissing))
    }
  }
}
