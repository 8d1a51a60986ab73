// Why a request does not verify: tries what usually differs, one thing at a time, then two. For
// people, never for deciding: what matches here is still refused.

import Model

package enum Diagnosis {
  /// The request as it was captured.
  package struct Request: Sendable {
    package var method: String
    /// Path and query.
    package var target: String
    package var headers: [(String, String)]
    package var body: [UInt8]

    package init(method: String, target: String, headers: [(String, String)], body: [UInt8]) {
      self.method = method
      self.target = target
      self.headers = headers
      self.body = body
    }

    package func header(_ name: String) -> String? {
      headers.first { $0.0.lowercased() == name.lowercased() }?.1
    }
  }

  /// A scheme that the request may have been made for.
  package struct Suspect: Sendable {
    package var scheme: Scheme
    package var secrets: [String]
    package var publicURL: String?

    package init(_ scheme: Scheme, secrets: [String], publicURL: String?) {
      self.scheme = scheme
      self.secrets = secrets
      self.publicURL = publicURL
    }
  }

  /// What would have matched.
  package struct Finding: Sendable, Equatable {
    package let scheme: String
    /// The secret's place in the list; nil where the scheme has none.
    package let secretIndex: Int?
    /// What has to be different; empty when the request is genuine but for its time.
    package let differences: [String]
    /// How long before now it says it was signed, in seconds; below 0: after.
    package let ageS: Int64?
    /// Headers that the scheme wants and the request lacks.
    package let missingHeaders: [String]
  }

  /// The findings of the fewest differences, per scheme and secret; times count for nothing here.
  /// Bounded: some hundred trials for each scheme and secret.
  package static func findings(
    _ request: Request, _ suspects: [Suspect], nowMs: Int64
  ) -> [Finding] {
    suspects.flatMap { suspect -> [Finding] in
      let secrets: [String?] = suspect.secrets.isEmpty ? [nil] : suspect.secrets.map { $0 }
      return secrets.enumerated().compactMap { index, secret in
        let trial = Trial(
          scheme: suspect.scheme, secret: secret, publicURL: suspect.publicURL, request: request)
        guard let differences = fewestDifferences(trial) else { return nil }
        return Finding(
          scheme: suspect.scheme.name, secretIndex: secret == nil ? nil : index,
          differences: differences, ageS: ageS(request, suspect.scheme, nowMs: nowMs),
          missingHeaders: suspect.scheme.requiredHeaders.filter { request.header($0) == nil })
      }
    }
  }

  /// How old the request says it is; nil when the scheme has no time or the text is none.
  package static func ageS(_ request: Request, _ scheme: Scheme, nowMs: Int64) -> Int64? {
    guard let rule = scheme.timestamp else { return nil }
    let text: String?
    switch rule.source {
    case .header(let name): text = request.header(name)
    case .pair(let key):
      let pairs = request.header(scheme.header)?.split(separator: ",") ?? []
      text = pairs.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) }
    case .place: text = nil
    }
    guard let text else { return nil }
    let ms = Array(text.utf8).withUnsafeBytes { rule.unit.milliseconds($0) }
    return ms.map { (nowMs - $0) / 1000 }
  }

  private static func fewestDifferences(_ trial: Trial) -> [String]? {
    if trial.matches { return [] }
    let variations = Variation.all(for: trial)
    for variation in variations where variation.applied(to: trial)?.matches == true {
      return [variation.label]
    }
    for (index, first) in variations.enumerated() {
      guard let changed = first.applied(to: trial) else { continue }
      for second in variations[(index + 1)...] where second.kind != first.kind {
        guard let both = second.applied(to: changed) else { continue }
        if both.matches { return [first.label, second.label] }
      }
    }
    return nil
  }
}

/// One attempt to verify.
struct Trial {
  var scheme: Scheme
  var secret: String?
  var publicURL: String?
  var request: Diagnosis.Request

  /// Whatever the time, and whatever headers are missing besides.
  var matches: Bool {
    if case .certificate = scheme.algorithm { return false }
    if case .open = scheme.algorithm { return false }
    var setup = Verifier.Setup(publicURL: publicURL, toleranceMs: 0)
    setup.requiresHeaders = false
    setup.allowed = nil
    var scheme = scheme
    scheme.refusesEmptyBody = false
    do throws(SchemeError) {
      let verifier = try Verifier(scheme, secrets: secret.map { [$0] } ?? [], setup)
      return RequestView.with(
        method: request.method, target: request.target, headers: request.headers,
        body: request.body
      ) { view in
        if case .success = verifier.verify(view, nowMs: 0) { true } else { false }
      }
    } catch {
      // Such a secret is none for this scheme.
      return false
    }
  }
}

/// One thing that may have been different where the request was signed.
struct Variation {
  enum Kind { case url, target, body, key, encoding, hash, secret }

  let kind: Kind
  let label: String
  private let change: (inout Trial) -> Bool

  /// Nil when it changes nothing.
  func applied(to trial: Trial) -> Trial? {
    var trial = trial
    return change(&trial) ? trial : nil
  }

  static func all(for trial: Trial) -> [Variation] {
    var all = secrets(trial)
    if trial.scheme.signed.namesURL { all += urls(trial) }
    if trial.scheme.signed.needs(.body) || trial.scheme.bodyHash != nil { all += bodies(trial) }
    if !trial.scheme.repeatsSecret { all += keys(trial) }
    return all
  }

  private static func urls(_ trial: Trial) -> [Variation] {
    let path = String(trial.request.target.prefix { $0 != "?" })
    var variations = URLSpelling.all(of: trial.publicURL, path: path, request: trial.request).map {
      spelling in
      Variation(kind: .url, label: "the URL \(spelling)") { trial in
        guard trial.publicURL != spelling else { return false }
        trial.publicURL = spelling
        return true
      }
    }
    variations.append(
      Variation(kind: .target, label: "the URL without its query") { trial in
        guard trial.request.target.contains("?") else { return false }
        trial.request.target = path
        return true
      })
    return variations
  }

  private static func bodies(_ trial: Trial) -> [Variation] {
    BodySpelling.allCases.map { spelling in
      Variation(kind: .body, label: spelling.rawValue) { trial in
        let body = spelling.applied(to: trial.request.body)
        guard body != trial.request.body else { return false }
        trial.request.body = body
        return true
      }
    }
  }

  private static func keys(_ trial: Trial) -> [Variation] {
    let decodings: [(Scheme.KeyDecoding, String)] = [
      (.text, "the secret used as text"), (.hex, "the secret decoded as hex"),
      (.base64(strippedPrefix: "whsec_"), "the secret decoded as base64, without whsec_"),
    ]
    var variations = decodings.map { decoding, label in
      Variation(kind: .key, label: label) { trial in
        guard trial.scheme.key != decoding else { return false }
        trial.scheme.key = decoding
        return true
      }
    }
    for encoding in Scheme.Encoding.allCases {
      variations.append(
        Variation(kind: .encoding, label: "the signature written as \(encoding.rawValue)") {
          guard $0.scheme.encoding != encoding else { return false }
          $0.scheme.encoding = encoding
          return true
        })
    }
    for hash in Scheme.Hash.allCases {
      variations.append(
        Variation(kind: .hash, label: "the hash \(hash.rawValue)") { trial in
          guard case .hmac(let present) = trial.scheme.algorithm, present != hash else {
            return false
          }
          trial.scheme.algorithm = .hmac(hash)
          return true
        })
    }
    return variations
  }

  private static func secrets(_ trial: Trial) -> [Variation] {
    [
      Variation(kind: .secret, label: "the secret without the white space around it") { trial in
        guard let secret = trial.secret else { return false }
        let blanks: [Character] = [" ", "\n", "\r", "\r\n", "\t"]
        var bare = secret[...]
        while let first = bare.first, blanks.contains(first) { bare = bare.dropFirst() }
        while let last = bare.last, blanks.contains(last) { bare = bare.dropLast() }
        trial.secret = String(bare)
        return bare != secret
      }
    ]
  }
}
