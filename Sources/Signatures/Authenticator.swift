// One source's gate: is this request genuine, a handshake, or neither? The receiver, the vectors
// and the doctor all ask here.

package import Model

/// Judges the requests of one source. To be used by one thread at a time: make one for each event
/// loop.
package final class Authenticator {
  /// A source's part in it.
  package struct Setup {
    /// In the source's order.
    package var secrets: [String]
    package var verification = Verifier.Setup()
    package var handshakeSecret: String?

    package init(secrets: [String]) { self.secrets = secrets }
  }

  package enum Ruling {
    case genuine(Verifier.Verified)
    /// Indirect: the usual case is passed on as it is, and must not be large.
    indirect case answer(HandshakeAnswer)
    case refused(Rejection)
  }

  package let verifiers: [Verifier]
  /// Every pair of scheme and secret that can hold; `Verified.slot` is a place in it.
  package let slots: [(scheme: String, secretIndex: Int)]
  private let unsigned: [Handshake]
  private let signed: [Handshake]
  private let secret: [UInt8]?
  private let reader: PlaceReader?

  package init(
    schemes: [Scheme], handshakes: [Handshake] = [], _ setup: Setup
  ) throws(SchemeError) {
    guard !schemes.isEmpty else { throw .noScheme }
    let verifiers = try Self.verifiers(schemes, setup)
    self.verifiers = verifiers
    slots = verifiers.flatMap { verifier in
      verifier.secretIndices.map { (verifier.scheme.name, $0) }
    }
    unsigned = handshakes.filter(\.isUnsigned)
    signed = handshakes.filter { !$0.isUnsigned }
    secret = setup.handshakeSecret.map { Array($0.utf8) }
    reader = handshakes.isEmpty ? nil : try PlaceReader()
    if let secret, !secret.contains(where: { $0 > 0x20 }) {
      throw .emptySecret(scheme: "handshake", index: 0)
    }
  }

  /// Keys of several kinds may stand in one list: a scheme leaves out those that bear the mark of
  /// another one (`whpk_` is not for the scheme of `whsec_`).
  private static func verifiers(
    _ schemes: [Scheme], _ setup: Setup
  ) throws(SchemeError) -> [Verifier] {
    var verifiers: [Verifier] = []
    var slots = 0
    for scheme in schemes {
      let foreign = schemes.compactMap(\.keyPrefix).filter { $0 != scheme.keyPrefix }
      let indices = setup.secrets.indices.filter { index in
        !foreign.contains { setup.secrets[index].hasPrefix($0) }
      }
      let verifier = try Verifier(
        scheme, secrets: indices.map { setup.secrets[$0] }, setup.verification, indices: indices,
        firstSlot: slots)
      slots += verifier.secretIndices.count
      verifiers.append(verifier)
    }
    return verifiers
  }

  /// Whether the request is what the provider sent. The first scheme that finds its own signature
  /// in it decides.
  package func verify(_ view: RequestView, nowMs: Int64) -> Result<Verifier.Verified, Rejection> {
    for index in verifiers.indices {
      let verdict = verifiers[index].verify(view, nowMs: nowMs)
      if case .failure(.signatureMissing) = verdict { continue }
      return verdict
    }
    return .failure(.signatureMissing)
  }

  /// `isEvent` false: the method is one of handshakes only.
  package func judge(_ view: RequestView, isEvent: Bool = true, nowMs: Int64) -> Ruling {
    if !unsigned.isEmpty, let ruling = handshake(unsigned, view) { return ruling }
    guard isEvent || !signed.isEmpty else { return .refused(.methodNotAllowed) }
    switch verify(view, nowMs: nowMs) {
    case .failure(let rejection): return .refused(rejection)
    case .success(let verified):
      if !signed.isEmpty, let ruling = handshake(signed, view) { return ruling }
      return isEvent ? .genuine(verified) : .refused(.methodNotAllowed)
    }
  }

  /// Methods other than POST that a handshake may come with.
  package static func methods(_ handshakes: [Handshake]) -> [String] {
    handshakes.map(\.method).filter { $0 != "POST" }
  }

  private func handshake(_ handshakes: [Handshake], _ view: RequestView) -> Ruling? {
    guard let reader else { return nil }
    let at = PlaceReader.Surroundings(view: view, item: view.body)
    let found = handshakes.first { handshake in
      view.method.elementsEqual(handshake.method.utf8)
        && handshake.when.allSatisfy { reader.holds($0, at) }
        && !handshake.unless.contains { reader.holds($0, at) }
    }
    guard let found else { return nil }
    if let place = found.secretAt {
      guard let secret, let told = reader.value(place, at),
        SecretComparison.isEqual(told, secret)
      else { return .refused(.handshakeRefused) }
    }
    var answer = HandshakeAnswer(name: found.name, status: found.status)
    if let echo = found.echo {
      guard let text = reader.value(echo, at), text.count <= Handshake.echoBytesMax else {
        return .refused(.badRequest)
      }
      answer.body = text
    }
    if let visit = found.visit {
      guard let bytes = reader.value(visit, at) else { return .refused(.badRequest) }
      let url = String(decoding: bytes, as: UTF8.self)
      guard let location = HTTPSLocation(url),
        found.visitHosts.contains(where: { HostPattern.matches($0, location.host) })
      else { return .refused(.notAllowed) }
      answer.visit = url
    }
    return .answer(answer)
  }
}

extension Scheme {
  /// What the secrets of this scheme, and of no other of the provider, begin with.
  package var keyPrefix: String? {
    guard case .base64(let prefix) = key, !prefix.isEmpty else { return nil }
    return prefix
  }
}
