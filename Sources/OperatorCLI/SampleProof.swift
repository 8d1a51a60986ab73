// What makes a sample a request that the receiver believes.
import Model
import Providers
import Settings
import Signatures

/// Signs samples as the source's provider would, with the source's first secret.
struct SampleProof {
  private let schemes: [Scheme]
  private let secret: String
  private let publicURL: String
  private let url: String

  struct Signed {
    var sample: SampleRequest
    /// Headers that prove.
    var proof: [(String, String)]
    var url: String
    /// Every byte of the body is under the signature.
    var isBodySigned: Bool
  }

  /// `url`: where requests go, up to the source's name.
  init(_ source: SourceSettings, _ provider: Provider, url: String) throws {
    guard let secret = source.secrets.first?.reveal() else {
      throw CommandError("source \(source.name) has no secret", remedy: "add one under secrets")
    }
    schemes = try provider.schemes(chosen: source.schemes).filter(RequestSigner.canSign)
    guard !schemes.isEmpty else {
      throw CommandError(
        "requests of provider \(provider.name) can be signed by the provider alone",
        remedy: "have it send a test event; hookferry verify judges one that was captured")
    }
    self.secret = secret
    self.url = url
    publicURL = source.publicURL ?? url
  }

  /// `isTampered`: as somebody without the secret would send it, or with another body than was
  /// signed.
  func signed(
    _ sample: SampleRequest, nowMs: Int64, isTampered: Bool = false
  ) throws -> Signed {
    let query = sample.query.isEmpty ? "" : "?" + sample.query
    let path = Self.path(of: url)
    // A provider with two families of headers has a scheme for each.
    let names = Set(sample.headers.map { $0.0.lowercased() })
    guard
      let scheme = schemes.first(where: { scheme in
        scheme.requiredHeaders.allSatisfy { names.contains($0.lowercased()) }
      }) ?? schemes.first
    else { throw CommandError("no scheme can sign this", remedy: "name one under schemes") }
    var sample = sample
    var secret = secret
    if isTampered, !scheme.signed.parts.contains(.body) || scheme.repeatsSecret {
      // Not every byte of the body counts here, but the secret does.
      let other = String(secret.dropLast()) + (secret.hasSuffix("0") ? "1" : "0")
      sample.body = Array(
        String(decoding: sample.body, as: UTF8.self).replacing(secret, with: other).utf8)
      secret = other
    }
    let signer = try RequestSigner(scheme, secret: secret, publicURL: publicURL)
    let headers = [("Content-Type", sample.contentType)] + sample.headers
    let request = try signer.signed(
      target: path + query, headers: headers, body: sample.body, id: sample.id, nowMs: nowMs)
    sample.body = request.body
    return Signed(
      sample: sample, proof: request.headers,
      url: url.dropLast(path.count) + request.target,
      isBodySigned: scheme.signed.parts.contains(.body) && !scheme.repeatsSecret)
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
    guard !sample.body.isEmpty, isBodySigned else { return }
    sample.body[Int.random(in: sample.body.indices, using: &random)] ^= 1
  }
}

extension Provider {
  /// True when a source's secret is all that a request needs.
  var canBeSigned: Bool {
    (try? schemes(chosen: []))?.contains(where: RequestSigner.canSign) ?? false
  }
}
