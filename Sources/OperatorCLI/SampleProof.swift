// What makes a sample a request that the receiver believes.
import Model
import Providers
import Settings
import Signatures

/// Makes requests of samples as the source's provider would, with the source's first secret.
struct SampleProof {
  private struct Key {
    var scheme: Scheme
    var secret: String
  }

  /// Of the source's schemes those that a secret is enough for, in their order.
  private let keys: [Key]
  private let publicURL: String
  private let url: String

  struct Signed {
    var sample: SampleRequest
    /// Headers that prove.
    var proof: [(String, String)]
    var url: String
  }

  /// `url`: where requests go, up to the source's name. Throws when none can be made.
  init(_ source: SourceSettings, _ provider: Provider, url: String) throws {
    let chosen = try provider.schemes(chosen: source.schemes)
    let secrets = source.secrets.map { $0.reveal() }
    keys = chosen.compactMap { scheme in
      guard RequestSigner.canSign(scheme) else { return nil }
      guard scheme.algorithm != .open else { return Key(scheme: scheme, secret: "") }
      // Secrets with another scheme's mark are that scheme's.
      let foreign = chosen.compactMap(\.keyPrefix).filter { $0 != scheme.keyPrefix }
      let secret = secrets.first { secret in !foreign.contains { secret.hasPrefix($0) } }
      return secret.map { Key(scheme: scheme, secret: $0) }
    }
    guard !keys.isEmpty else { throw Self.refusal(source.name, chosen) }
    self.url = url
    publicURL = source.publicURL ?? url
  }

  private static func refusal(_ source: String, _ chosen: [Scheme]) -> CommandError {
    let obstacles = chosen.compactMap(RequestSigner.obstacle)
    guard obstacles.count == chosen.count else {
      return CommandError(
        "source \(source) has no secret to sign with", remedy: "add one under secrets")
    }
    return CommandError(
      "requests of source \(source) cannot be made here: " + obstacles.joined(separator: ", "),
      remedy: "have the provider send a test event; hookferry verify judges one that was captured")
  }

  /// True when one of the schemes is for requests like this sample.
  func fits(_ sample: SampleSettings) -> Bool { key(for: sample) != nil }

  /// A provider with two families of headers has a scheme for each, as has one that signs forms in
  /// another way than the rest.
  private func key(for sample: SampleSettings) -> Key? {
    let isForm = sample.contentType.lowercased().hasPrefix("application/x-www-form-urlencoded")
    let names = sample.headers.keys.map { $0.lowercased() }
    let fitting = keys.filter { key in
      (isForm || !key.scheme.isForForms)
        && key.scheme.requiredHeaders.allSatisfy {
          (names + key.scheme.ownHeaders).contains($0.lowercased())
        }
    }
    return fitting.first { $0.scheme.isForForms == isForm } ?? fitting.first
  }

  /// With `tamperSeed` as somebody without the secret would send it: with another body than was
  /// signed, or another secret where not all of the body counts.
  func signed(
    _ renderer: SampleRenderer, _ index: Int, nowMs: Int64, tamperSeed: UInt64? = nil
  ) throws -> Signed {
    guard let key = key(for: renderer.sample(index)) else {
      throw CommandError("no scheme is for this sample", remedy: "name another under schemes")
    }
    let scheme = key.scheme
    if tamperSeed != nil, scheme.algorithm == .open {
      throw CommandError(
        "\(scheme.name) takes what anybody sends", remedy: "leave --tamper out")
    }
    let isForged = tamperSeed != nil && !scheme.coversWholeBody
    var renderer = renderer
    renderer.secret = isForged ? Self.forged(key.secret, scheme) : key.secret
    var sample = renderer.request(index)
    let signer = try RequestSigner(scheme, secret: renderer.secret, publicURL: publicURL)
    let path = Self.path(of: url)
    let request = try signer.signed(
      target: path + (sample.query.isEmpty ? "" : "?" + sample.query),
      headers: [("Content-Type", sample.contentType)] + sample.headers, body: sample.body,
      id: sample.id, nowMs: nowMs)
    sample.body = request.body
    var signed = Signed(
      sample: sample, proof: request.headers, url: url.dropLast(path.count) + request.target)
    if let tamperSeed, !isForged { signed.tamper(seed: tamperSeed) }
    return signed
  }

  /// Another secret of the same form.
  private static func forged(_ secret: String, _ scheme: Scheme) -> String {
    var forged = secret
    if scheme.at == .headers || scheme.at == .queries {
      if let quote = forged.lastIndex(of: "\"") { forged.insert("x", at: quote) }
      return forged
    }
    let prefix = scheme.keyPrefix.flatMap { secret.hasPrefix($0) ? $0.count : nil } ?? 0
    let first = forged.index(forged.startIndex, offsetBy: prefix)
    guard first < forged.endIndex else { return forged + "1" }
    forged.replaceSubrange(first...first, with: forged[first] == "1" ? "0" : "1")
    return forged
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
  fileprivate mutating func tamper(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    guard !sample.body.isEmpty else {
      sample.body = [0x30]
      return
    }
    sample.body[Int.random(in: sample.body.indices, using: &random)] ^= 1
  }
}

extension Scheme {
  /// Whatever byte of the body is changed, the proof fails.
  fileprivate var coversWholeBody: Bool {
    guard !repeatsSecret else { return false }
    return bodyHash != nil
      || signed.parts.contains { part in part == .body || part == .crc32 || part == .form }
  }

  fileprivate var isForForms: Bool {
    if case .form? = at { return true }
    return signed.parts.contains(.form)
  }

  /// Those that signing adds, in lower case.
  fileprivate var ownHeaders: [String] {
    var names = [header, idHeader ?? ""]
    if case .header(let name)? = timestamp?.source { names.append(name) }
    return names.map { $0.lowercased() }
  }
}

extension Provider {
  /// True when a source's secret is all that a request needs.
  var canBeSigned: Bool {
    (try? schemes(chosen: []))?.contains(where: RequestSigner.canSign) ?? false
  }
}
