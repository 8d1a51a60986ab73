// Decides whether a request is what its provider sent. Works on the raw bytes only.

import COpenSSL
package import Model

/// Verifies requests of one source by one scheme. To be used by one thread at a time: make one for
/// each event loop.
package final class Verifier {
  /// Which secret matched.
  package struct Verified: Sendable, Equatable {
    package let secretIndex: Int
    /// Which of the gate's pairs of scheme and secret: `Authenticator.slots`.
    package let slot: Int
    /// `hubspot-v3#0`, for `ce_verifiedby`.
    package let label: String
  }

  /// What a scheme is used with.
  package struct Setup: Sendable {
    /// As registered with the provider, for schemes that sign it.
    package var publicURL: String?
    /// The URL may come from the request's origin instead.
    package var takesAnyURL = false
    /// Nil: the scheme's own; 0: none.
    package var toleranceMs: Int64?
    /// False checks the signature alone.
    package var requiresHeaders = true
    /// For schemes whose keys are fetched.
    package var certificates: CertificateStore?
    /// What the scheme's `allowedBy` may be; nil: anything, which is for judging single requests.
    package var allowed: [String]? = []

    package init(publicURL: String? = nil, toleranceMs: Int64? = nil) {
      self.publicURL = publicURL
      self.toleranceMs = toleranceMs
    }
  }

  private let plan: SigningPlan
  private let secrets: [SigningPlan.Secret]
  /// Nil for a plain scheme.
  private let extended: ExtendedProof?
  private let verified: [Verified]
  private let requiredHeaders: [HeaderName]
  private let toleranceMs: Int64?
  private let scratch: UnsafeMutableRawBufferPointer

  /// Refuses what could never verify safely: no secret, an empty one, one that does not decode, a
  /// URL-signing scheme without URL. `indices`: the secrets' places in the source's own list.
  package init(
    _ scheme: Scheme, secrets: [String], _ setup: Setup = Setup(), indices: [Int]? = nil,
    firstSlot: Int = 0
  ) throws(SchemeError) {
    let needsSecret = scheme.algorithm.needsSecret(scheme.signed)
    guard !secrets.isEmpty || !needsSecret else { throw .noSecret(scheme: scheme.name) }
    if scheme.allowedBy != nil, setup.allowed?.isEmpty ?? false {
      throw .missingSetting(setting: "allowed", neededBy: "scheme \(scheme.name)")
    }
    plan = try SigningPlan(
      scheme, publicURL: setup.publicURL, takesAnyURL: setup.takesAnyURL)
    let toleranceMs = setup.toleranceMs ?? scheme.timestamp?.toleranceMs
    self.toleranceMs = toleranceMs == 0 ? nil : toleranceMs
    let indices = needsSecret ? indices ?? Array(secrets.indices) : [0]
    verified = indices.enumerated().map { place, index in
      Verified(
        secretIndex: index, slot: firstSlot + place, label: "\(scheme.name)#\(index)")
    }
    requiredHeaders = setup.requiresHeaders ? scheme.requiredHeaders.map { HeaderName($0) } : []
    scratch = .allocate(byteCount: SigningPlan.scratchBytes, alignment: 16)
    var plain: [SigningPlan.Secret] = []
    var keys: [SchemeKey] = []
    for (place, secret) in (needsSecret ? secrets : []).enumerated() {
      let index = indices[place]
      if scheme.isPlain {
        plain.append(try SigningPlan.Secret(secret, at: index, of: scheme))
      } else {
        keys.append(try SchemeKey(secret, at: index, of: scheme))
      }
    }
    self.secrets = plain
    if !needsSecret { keys = [.text([])] }
    extended =
      scheme.isPlain
      ? nil
      : try ExtendedProof(
        plan, keys: keys, toleranceMs: self.toleranceMs, store: setup.certificates,
        allowed: setup.allowed)
  }

  deinit { scratch.deallocate() }

  package var scheme: Scheme { plan.scheme }

  /// The places of its secrets, in the order of the slots.
  var secretIndices: [Int] { verified.map(\.secretIndex) }

  /// `nowMs`: milliseconds since the Unix epoch.
  package func verify(_ view: RequestView, nowMs: Int64) -> Result<Verified, Rejection> {
    if let extended, !extended.applies(view) { return .failure(.signatureMissing) }
    // Without a signature of its own the scheme leaves the request to others.
    let header = plan.scheme.header.isEmpty ? nil : plan.signatureHeader(view)
    if header?.isEmpty ?? !plan.scheme.header.isEmpty { return .failure(.signatureMissing) }
    if plan.scheme.refusesEmptyBody, view.body.isEmpty { return .failure(.badRequest) }
    for name in requiredHeaders where view.header(name)?.isEmpty ?? true {
      return .failure(.badRequest)
    }
    if let extended {
      switch extended.verify(view, nowMs: nowMs) {
      case .match(let index): return .success(verified[index])
      case .refused(let rejection): return .failure(rejection)
      }
    }
    guard let value = header else { return .failure(.signatureMissing) }
    var values = SigningPlan.Values(timestamp: value, id: value)
    if let rule = plan.scheme.timestamp {
      guard let text = timestamp(rule, view, value), !text.isEmpty else {
        return .failure(.timestampMissing)
      }
      guard rule.isFresh(text, toleranceMs: toleranceMs, nowMs: nowMs) else {
        return .failure(.timestampOutsideTolerance)
      }
      values.timestamp = text
    }
    if let name = plan.idHeader {
      guard let id = view.header(name), !id.isEmpty,
        !id.contains(where: { plan.scheme.idForbids.utf8.contains($0) })
      else { return .failure(.signatureMalformed) }
      values.id = id
    }
    return match(view, value, values)
  }

  private func match(
    _ view: RequestView, _ value: UnsafeRawBufferPointer, _ values: SigningPlan.Values
  ) -> Result<Verified, Rejection> {
    var candidateSeen = false
    for index in secrets.indices {
      guard let expected = plan.signature(view, values, secrets[index], scratch: scratch) else {
        return .failure(.overloaded)
      }
      var isMatch = false
      plan.forEachCandidate(view, value) { candidate in
        candidateSeen = true
        // No early end: the time must not tell which candidate was right.
        isMatch = isEqual(candidate, expected) || isMatch
      }
      if isMatch { return .success(verified[index]) }
    }
    return .failure(candidateSeen ? .signatureMismatch : .signatureMalformed)
  }

  private func timestamp(
    _ rule: Scheme.TimestampRule, _ view: RequestView, _ value: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    switch rule.source {
    case .header: return plan.timestampHeader.flatMap { view.header($0) }
    case .pair(let key):
      guard case .pairs(let separator, _) = plan.scheme.layout else { return nil }
      var found: UnsafeRawBufferPointer?
      Candidates.forEachPair(value, separator, key: key) { if found == nil { found = $0 } }
      return found
    case .place: return nil
    }
  }

  /// Compares texts, so that only the canonical encoding passes; hex in either case.
  private func isEqual(
    _ candidate: UnsafeRawBufferPointer, _ expected: UnsafeRawBufferPointer
  ) -> Bool {
    guard candidate.count == expected.count, let left = candidate.baseAddress,
      let right = expected.baseAddress
    else { return false }
    guard plan.scheme.encoding == .hex else {
      return CRYPTO_memcmp(left, right, expected.count) == 0
    }
    let lowered = UnsafeMutableRawBufferPointer(
      rebasing: scratch[(Digester.bytesMax * 3)...][..<(Digester.bytesMax * 3 + candidate.count)])
    for (at, byte) in candidate.enumerated() { lowered[at] = ASCII.lowercased(byte) }
    return lowered.baseAddress.map { CRYPTO_memcmp($0, right, expected.count) == 0 } ?? false
  }
}
