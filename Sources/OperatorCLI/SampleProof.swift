// What makes a sample a request that the receiver believes.
import Model
import Providers
import Settings
import Signatures

/// Signs samples as the source's provider would, with the source's first secret.
struct SampleProof {
  private let scheme: Scheme
  private let secret: String
  private let publicURL: String
  private let url: String

  struct Signed {
    var sample: SampleRequest
    /// Headers that prove.
    var proof: [(String, String)]
    var url: String
  }

  /// `url`: where requests go, up to the source's name.
  init(_ source: SourceSettings, _ provider: Provider, url: String) throws {
    guard let secret = source.secrets.first?.reveal() else {
      throw CommandError("source \(source.name) has no secret", remedy: "add one under secrets")
    }
    guard provider.canBeSigned, let scheme = provider.schemes.first else {
      throw CommandError(
        "requests of provider \(provider.name) can be signed by the provider alone",
        remedy: "have it send a test event; hookferry verify judges one that was captured")
    }
    self.scheme = scheme
    self.secret = secret
    self.url = url
    publicURL = source.publicURL ?? url
  }

  func signed(_ sample: SampleRequest, nowMs: Int64) throws -> Signed {
    let query = sample.query.isEmpty ? "" : "?" + sample.query
    let signer = try Signer(scheme, secret: secret, publicURL: publicURL)
    let headers = [("Content-Type", sample.contentType)] + sample.headers
    let proof = try signer.headers(
      target: Self.path(of: url) + query, headers: headers, body: sample.body, id: sample.id,
      nowMs: nowMs)
    return Signed(sample: sample, proof: proof, url: url + query)
  }

  static func path(of url: String) -> String {
    guard let scheme = url.firstRange(of: "://"),
      let slash = url[scheme.upperBound...].firstIndex(of: "/")
    else { return "/" }
    return String(url[slash...])
  }
}

extension SampleProof.Signed {
  /// Changes one bit of one byte that the proof is over.
  mutating func tamper(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    guard !sample.body.isEmpty else { return }
    sample.body[Int.random(in: sample.body.indices, using: &random)] ^= 1
  }
}

extension Provider {
  /// True when a source's secret is all that a request needs.
  var canBeSigned: Bool { !schemes.isEmpty }
}
