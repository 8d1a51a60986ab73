// Decides whether a request is what its provider sent. Works on the raw bytes only.

import COpenSSL
package import Model

/// Verifies requests of one source by one scheme. To be used by one thread at a time: make one for
/// each event loop.
package final class Verifier {
  /// Which secret matched.
  package struct Verified: Sendable, Equatable {
    package let secretIndex: Int
    /// `hubspot-v3#0`, for `ce_verifiedby`.
    package let label: String
  }

  private let plan: SigningPlan
  private let secrets: [SigningPlan.Secret]
  private let labels: [String]
  private let requiredHeaders: [HeaderName]
  private let toleranceMs: Int64?
  private let scratch: UnsafeMutableRawBufferPointer

  /// Refuses what could never verify safely: no secret, an empty one, one that does not decode, a
  /// URL-signing scheme without URL. `toleranceMs` nil: the scheme's own. `requiresHeaders` false
  /// checks the signature alone.
  package init(
    _ scheme: Scheme, secrets: [String], publicURL: String? = nil, toleranceMs: Int64? = nil,
    requiresHeaders: Bool = true
  ) throws(SchemeError) {
    guard !secrets.isEmpty else { throw .noSecret(scheme: scheme.name) }
    plan = try SigningPlan(scheme, publicURL: publicURL)
    var decoded: [SigningPlan.Secret] = []
    for (index, secret) in secrets.enumerated() {
      decoded.append(try SigningPlan.Secret(secret, at: index, of: scheme))
    }
    self.secrets = decoded
    labels = secrets.indices.map { "\(scheme.name)#\($0)" }
    requiredHeaders = requiresHeaders ? scheme.requiredHeaders.map { HeaderName($0) } : []
    self.toleranceMs = toleranceMs ?? scheme.timestamp?.toleranceMs
    scratch = .allocate(byteCount: SigningPlan.scratchBytes, alignment: 16)
  }

  deinit { scratch.deallocate() }

  package var scheme: Scheme { plan.scheme }

  /// `nowMs`: milliseconds since the Unix epoch.
  package func verify(_ view: RequestView, nowMs: Int64) -> Result<Verified, Rejection> {
    if plan.scheme.refusesEmptyBody, view.body.isEmpty { return .failure(.badRequest) }
    for name in requiredHeaders where view.header(name)?.isEmpty ?? true {
      return .failure(.badRequest)
    }
    guard let value = signatureHeader(view), !value.isEmpty else {
      return .failure(.signatureMissing)
    }
    var values = SigningPlan.Values(timestamp: value, id: value)
    if let rule = plan.scheme.timestamp {
      guard let text = timestamp(rule, view, value), !text.isEmpty else {
        return .failure(.timestampMissing)
      }
      guard isFresh(text, rule, nowMs: nowMs) else { return .failure(.timestampOutsideTolerance) }
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
    for (index, secret) in secrets.enumerated() {
      guard let expected = plan.signature(view, values, secret, scratch: scratch) else {
        return .failure(.overloaded)
      }
      var isMatch = false
      forEachCandidate(view, value) { candidate in
        candidateSeen = true
        // No early end: the time must not tell which candidate was right.
        isMatch = isEqual(candidate, expected) || isMatch
      }
      if isMatch { return .success(Verified(secretIndex: index, label: labels[index])) }
    }
    return .failure(candidateSeen ? .signatureMismatch : .signatureMalformed)
  }

  private func signatureHeader(_ view: RequestView) -> UnsafeRawBufferPointer? {
    guard plan.scheme.layout == .numbered else { return view.header(plan.signatureHeader) }
    for field in view.fields where view.isName(of: field, startingWith: plan.signatureHeader) {
      return view.value(of: field)
    }
    return nil
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
    }
  }

  private func isFresh(
    _ text: UnsafeRawBufferPointer, _ rule: Scheme.TimestampRule, nowMs: Int64
  ) -> Bool {
    guard let toleranceMs else { return true }
    guard let number = ASCII.number(text) else { return false }
    let ageMs = nowMs - number * rule.unit.milliseconds
    return ageMs <= toleranceMs && (!rule.isTwoSided || ageMs >= -toleranceMs)
  }

  private func forEachCandidate(
    _ view: RequestView, _ value: UnsafeRawBufferPointer,
    _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    func offer(_ text: UnsafeRawBufferPointer) {
      if let bare = Candidates.withoutPrefix(text, plan.scheme.prefix) { body(bare) }
    }
    switch plan.scheme.layout {
    case .whole: offer(value)
    case .pairs(let separator, let key):
      Candidates.forEachPair(value, separator, key: key, offer)
    case .list(let separator, let tag):
      Candidates.forEachItem(value, separator) { item in
        if let tagged = Candidates.withoutPrefix(item, tag) { offer(tagged) }
      }
    case .numbered:
      for field in view.fields where view.isName(of: field, startingWith: plan.signatureHeader) {
        offer(view.value(of: field))
      }
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
