// Everything that a plain signature header is not: signatures in bodies and of items, public keys,
// certificates, URLs in several spellings, repeated secrets.

import COpenSSL
import Model

/// Decides by schemes that are not plain. To be used by one thread at a time. Values are copied
/// here; the hot path is `Verifier`'s own.
final class ExtendedProof {
  let plan: SigningPlan
  let keys: [SchemeKey]
  let reader: PlaceReader
  let toleranceMs: Int64?
  private let builder: MessageBuilder
  private let store: CertificateStore?
  private let allowed: [[UInt8]]?

  /// Signatures that are tried against one public key: each costs far more than an HMAC.
  private static let publicKeyTriesMax = 10

  /// A failure that is more telling than "no match".
  enum Verdict {
    case match(Int)
    case refused(Rejection)
  }

  init(
    _ plan: SigningPlan, keys: [SchemeKey], toleranceMs: Int64?, store: CertificateStore?,
    allowed: [String]?
  ) throws(SchemeError) {
    self.plan = plan
    self.keys = keys
    self.toleranceMs = toleranceMs
    self.store = store
    self.allowed = allowed.map { $0.map { Array($0.utf8) } }
    reader = try PlaceReader()
    builder = MessageBuilder(steps: plan.steps, reader: reader)
  }

  private var scheme: Scheme { plan.scheme }

  /// False when the scheme is for other requests.
  func applies(_ view: RequestView) -> Bool {
    let at = PlaceReader.Surroundings(view: view, item: view.body)
    return scheme.when.allSatisfy { reader.holds($0, at) }
      && !scheme.unless.contains { reader.holds($0, at) }
  }

  func verify(_ view: RequestView, nowMs: Int64) -> Verdict {
    if case .open = scheme.algorithm { return .match(0) }
    var items = [view.body]
    if let pointer = scheme.items {
      guard let ranges = reader.elements(pointer, in: view.body), !ranges.isEmpty else {
        return .refused(.signatureMissing)
      }
      items = ranges.map { UnsafeRawBufferPointer(rebasing: view.body[$0]) }
    }
    // With several items the secret of the first one is what is told.
    var first: Int?
    for item in items {
      let at = PlaceReader.Surroundings(view: view, item: item)
      switch verify(at, nowMs: nowMs) {
      case .match(let index): first = first ?? index
      case .refused(let rejection): return .refused(rejection)
      }
    }
    if let rejection = allowance(view) { return .refused(rejection) }
    return first.map { .match($0) } ?? .refused(.signatureMissing)
  }

  private func allowance(_ view: RequestView) -> Rejection? {
    guard let place = scheme.allowedBy, let allowed else { return nil }
    let at = PlaceReader.Surroundings(view: view, item: view.body)
    guard let value = reader.value(place, at), allowed.contains(value) else { return .notAllowed }
    return nil
  }

  private func verify(_ at: PlaceReader.Surroundings, nowMs: Int64) -> Verdict {
    if case .secret(let form) = scheme.algorithm { return secret(at, form) }
    let candidates = candidates(at)
    guard let candidates else { return .refused(.signatureMissing) }
    var values = MessageBuilder.Values()
    if let rule = scheme.timestamp {
      guard let text = timestamp(rule, at), !text.isEmpty else {
        return .refused(.timestampMissing)
      }
      guard isFresh(text, rule, nowMs: nowMs) else { return .refused(.timestampOutsideTolerance) }
      values.timestamp = text
    }
    if let name = plan.idHeader {
      guard let id = at.view.header(name), !id.isEmpty,
        !id.contains(where: { scheme.idForbids.utf8.contains($0) })
      else { return .refused(.signatureMalformed) }
      values.id = Array(id)
    }
    guard !candidates.isEmpty, let hash = hash(at) else { return .refused(.signatureMalformed) }
    if let place = scheme.bodyHash {
      guard let told = reader.value(place, at),
        SecretComparison.isEqual(
          told.map(ASCII.lowercased), Array(BodyHash.sha256(at.view.body).utf8))
      else { return .refused(.signatureMismatch) }
    }
    var certificateKey: PublicKey?
    if case .certificate(_, let rule) = scheme.algorithm {
      switch certificate(rule, at, nowMs: nowMs) {
      case .success(let key): certificateKey = key
      case .failure(let rejection): return .refused(rejection)
      }
    }
    let urls = plan.urls(at.view)
    for (index, key) in keys.enumerated() {
      values.secret = key.bytes
      var isMatch = false
      for url in urls {
        values.url = url
        let message = builder.message(at, values)
        isMatch = matches(key, certificateKey, message, hash, candidates) || isMatch
      }
      if isMatch { return .match(index) }
    }
    return .refused(.signatureMismatch)
  }

  private func matches(
    _ key: SchemeKey, _ certificateKey: PublicKey?, _ message: [UInt8], _ hash: Scheme.Hash,
    _ candidates: [[UInt8]]
  ) -> Bool {
    switch (key, certificateKey) {
    case (.text, let publicKey?):
      return candidates.prefix(Self.publicKeyTriesMax).contains {
        decoded($0).map { publicKey.verifies($0, of: message, hash: hash) } ?? false
      }
    case (.publicKey(let publicKey), _):
      let hash = scheme.algorithm == .ed25519 ? nil : hash
      return candidates.prefix(Self.publicKeyTriesMax).contains {
        decoded($0).map { publicKey.verifies($0, of: message, hash: hash) } ?? false
      }
    case (.digest(let digester, _), _):
      let expected = plan.text(of: message, digester)
      return candidates.reduce(false) { found, candidate in
        let candidate = scheme.encoding == .hex ? candidate.map(ASCII.lowercased) : candidate
        return SecretComparison.isEqual(candidate, expected) || found
      }
    case (.text, nil), (.pairs, _): return false
    }
  }

  /// One signature has one spelling, as it has where signatures are compared as texts.
  private func decoded(_ candidate: [UInt8]) -> [UInt8]? {
    let text = String(decoding: candidate, as: UTF8.self)
    return scheme.encoding == .hex
      ? ASCII.hexDecoded(text) : ASCII.base64Decoded(text, isCanonical: true)
  }

  /// Nil: the hash is not one that the scheme knows.
  private func hash(_ at: PlaceReader.Surroundings) -> Scheme.Hash? {
    if let choice = scheme.hashChoice {
      return reader.value(choice.by, at).flatMap {
        choice.hashes[String(decoding: $0, as: UTF8.self)]
      }
    }
    switch scheme.algorithm {
    case .hmac(let hash), .plain(let hash), .ecdsa(let hash), .certificate(let hash, _):
      return hash
    case .ed25519, .secret, .open: return .sha256
    }
  }

  /// Nil: there is none; empty: what is there is not of the scheme's form.
  private func candidates(_ at: PlaceReader.Surroundings) -> [[UInt8]]? {
    if let place = scheme.at {
      guard let value = reader.value(place, at), !value.isEmpty else { return nil }
      return [value]
    }
    guard let value = plan.signatureHeader(at.view) else { return nil }
    var candidates: [[UInt8]] = []
    plan.forEachCandidate(at.view, value) { candidates.append(Array($0)) }
    return candidates
  }

  private func timestamp(
    _ rule: Scheme.TimestampRule, _ at: PlaceReader.Surroundings
  ) -> [UInt8]? {
    switch rule.source {
    case .header: return plan.timestampHeader.flatMap { at.view.header($0) }.map { Array($0) }
    case .place(let place): return reader.value(place, at)
    case .pair(let key):
      guard case .pairs(let separator, _) = scheme.layout,
        let value = plan.signatureHeader(at.view)
      else { return nil }
      var found: [UInt8]?
      Candidates.forEachPair(value, separator, key: key) { found = found ?? Array($0) }
      return found
    }
  }

  private func isFresh(
    _ text: [UInt8], _ rule: Scheme.TimestampRule, nowMs: Int64
  ) -> Bool {
    text.withUnsafeBytes { rule.isFresh($0, toleranceMs: toleranceMs, nowMs: nowMs) }
  }

  private func certificate(
    _ rule: CertificateRule, _ at: PlaceReader.Surroundings, nowMs: Int64
  ) -> Result<PublicKey, Rejection> {
    guard let bytes = reader.value(rule.url, at) else { return .failure(.signatureMissing) }
    let url = String(decoding: bytes, as: UTF8.self)
    guard rule.allows(url), let store else { return .failure(.certificateRefused) }
    switch store.lookUp(url, nowMs: nowMs) {
    case .notYet: return .failure(.certificatePending)
    case .unavailable: return .failure(.certificateUnavailable)
    case .found(let certificate):
      guard certificate.holds(atMs: nowMs), rule.trusts(certificate),
        let key = certificate.publicKey()
      else { return .failure(.certificateRefused) }
      return .success(key)
    }
  }

  // MARK: Repeated secrets

  private func secret(_ at: PlaceReader.Surroundings, _ form: Scheme.SecretForm) -> Verdict {
    let value: [UInt8]?
    if let place = scheme.at, place != .headers, place != .queries {
      value = reader.value(place, at)
      guard let value, !value.isEmpty else { return .refused(.signatureMissing) }
    } else {
      value = nil
    }
    var isSomethingThere = value != nil
    for (index, key) in keys.enumerated() {
      switch (key, value) {
      case (.text(let secret), let value?):
        if SecretComparison.isEqual(value, secret, form) { return .match(index) }
      case (.pairs(let pairs), _):
        let values = pairs.map { pairValue($0.name, at.view) }
        isSomethingThere = isSomethingThere || values.contains { $0 != nil }
        let isMatch = zip(pairs, values).reduce(true) { all, row in
          SecretComparison.isEqual(row.0.value, row.1 ?? []) && all
        }
        if isMatch { return .match(index) }
      default: continue
      }
    }
    return .refused(isSomethingThere ? .signatureMismatch : .signatureMissing)
  }

  private func pairValue(_ name: String, _ view: RequestView) -> [UInt8]? {
    scheme.at == .headers
      ? view.header(HeaderName(name)).map { Array($0) } : FormFields.first(name, in: view.query)
  }
}
