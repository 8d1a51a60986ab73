// Judges a row as the receiver would judge the request.
import Model
import Providers
import ReceiverService
import Settings
import Signatures

/// What became of a row.
struct VectorVerdict: Sendable, Equatable, Encodable {
  var id: String
  var isOK: Bool
  var expected: String
  /// `valid`, or why not.
  var got: String
  /// Where it is stricter than the row, and why that is meant.
  var note: String?

  enum CodingKeys: String, CodingKey {
    case id
    case isOK = "ok"
    case expected, got, note
  }

  var line: String {
    isOK
      ? "ok \(id)" + (note.map { " (\($0))" } ?? "")
      : "MISMATCH \(id) expected \(expected) got \(got)"
  }
}

enum VectorJudge {
  /// Rows that a stricter receiver may judge in another way, and the page that says why it does.
  static let stricter = ["empty secret": "docs/decisions/0003-no-empty-secret.md"]

  static func judge(_ vector: Vector) -> VectorVerdict {
    let outcome = outcome(vector)
    let isValid = outcome.reason == nil
    var got = outcome.reason ?? "valid"
    var isOK = isValid == (vector.expect == "valid")
    var note: String?
    if !isOK, !isValid, let quirk = vector.quirk, let page = stricter[quirk] {
      isOK = true
      note = "stricter: \(quirk) refused, \(page)"
    }
    if isOK, note == nil, let answer = outcome.answer, let respond = vector.respond,
      let difference = difference(answer, respond)
    {
      isOK = false
      got = difference
    }
    return VectorVerdict(id: vector.id, isOK: isOK, expected: vector.expect, got: got, note: note)
  }

  private struct Outcome {
    /// Nil: valid.
    var reason: String?
    var answer: AnswerOutline?
  }

  private static func outcome(_ vector: Vector) -> Outcome {
    let ruling: Authenticator.Ruling
    let provider: Provider
    do throws(SchemeError) {
      provider = try self.provider(vector)
      let gate = try authenticator(vector, provider)
      let isHandshake = provider.handshakes.contains { $0.name == vector.scheme }
      ruling = RequestView.with(
        method: vector.method ?? "POST", target: vector.target, headers: vector.headerList,
        body: vector.bytes
      ) { gate.judge($0, isEvent: !isHandshake, nowMs: vector.now * 1000) }
    } catch {
      // Such a source would not be served at all.
      return Outcome(reason: "\(error)")
    }
    let answer = AnswerOutline(ruling, of: provider)
    switch ruling {
    case .genuine, .answer: return Outcome(answer: answer)
    case .refused(let rejection): return Outcome(reason: rejection.rawValue, answer: answer)
    }
  }

  /// The provider as a source would use it for this row: the one scheme of that name, or, where a
  /// row has no secret, no scheme but the handshake.
  private static func provider(_ vector: Vector) throws(SchemeError) -> Provider {
    var owner: Provider?
    if let name = vector.provider, ProviderSettings.builtInNames.contains(name) {
      let named = try Provider.named(name)
      if has(named, vector.scheme) { owner = named }
    }
    if owner == nil { owner = try Provider.owner(ofScheme: vector.scheme) }
    guard var provider = owner else {
      throw .unknownScheme(vector.scheme, known: [])
    }
    let isHandshake = provider.handshakes.contains { $0.name == vector.scheme }
    if isHandshake, vector.secret == nil || takesSecretItself(provider, vector.scheme) {
      provider.schemes = [Scheme(name: "none", algorithm: .open)]
    } else if !isHandshake {
      // `svix-v1` stands for `svix-v1-unbranded` too.
      provider.schemes = provider.schemes.filter { isNamed($0, vector.scheme) }
    }
    if isHandshake { provider.handshakes = provider.handshakes.filter { $0.name == vector.scheme } }
    provider.optionalSchemes = []
    return provider
  }

  private static func isNamed(_ scheme: Scheme, _ name: String) -> Bool {
    scheme.name == name || scheme.name.hasPrefix(name + "-")
  }

  private static func has(_ provider: Provider, _ name: String) -> Bool {
    provider.schemes.contains { $0.name == name }
      || provider.handshakes.contains { $0.name == name }
  }

  private static func takesSecretItself(_ provider: Provider, _ name: String) -> Bool {
    provider.handshakes.contains { $0.name == name && $0.secretAt != nil }
  }

  private static func authenticator(
    _ vector: Vector, _ provider: Provider
  ) throws(SchemeError) -> Authenticator {
    var choice = Provider.SourceChoice()
    choice.publicURL = vector.registeredURL
    choice.toleranceMs = vector.toleranceS.map { $0 * 1000 }
    choice.requiresHeaders = vector.needs?.hasPrefix("signature check only") != true
    // The row says nothing of whom a source takes from.
    choice.allowed = nil
    if takesSecretItself(provider, vector.scheme) {
      choice.handshakeSecret = vector.secret
    } else if let secret = vector.secret {
      choice.secrets = [secret] + (vector.fallbackSecrets ?? [])
    }
    let text = vector.certPEM.map { Array($0.utf8) }
    choice.certificates = CertificateStore(FixedDocument(bytes: text))
    return try provider.authenticator(choice)
  }

  /// Nil when the answer is what the row wants.
  private static func difference(_ answer: AnswerOutline, _ respond: Vector.Respond) -> String? {
    if let status = respond.status, status != answer.status { return "status \(answer.status)" }
    if let body = respond.body, !answer.body.elementsEqual(body.utf8) {
      return "another body, \(answer.body.count) bytes"
    }
    guard let wanted = respond.contentType else { return nil }
    let type = answer.contentType.prefix { $0 != ";" }
    let isSame = wanted.contains(";") ? answer.contentType == wanted : type == wanted
    return isSame ? nil : "content type \(answer.contentType)"
  }
}

/// A document that is at hand whatever the URL.
struct FixedDocument: DocumentFetcher {
  var bytes: [UInt8]?

  func fetch(_ url: String, _ done: @escaping @Sendable ([UInt8]?) -> Void) { done(bytes) }
}
