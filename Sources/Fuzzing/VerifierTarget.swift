// Schemes, signed requests and what becomes of them. The bytes are decisions.

import Model
import Providers
import Settings
import Signatures

/// What is signed verifies; with one byte of it changed it does not; nothing else ever does.
final class VerifierTarget: FuzzTarget {
  static let name = "verifier"
  private static let url = "https://hooks.example.com/hooks/crm"
  /// Those whose proof is all in headers.
  private let schemes = BuiltIn.providers.flatMap(\.schemes).filter(\.isSignedByHeaders)
  private static let nowMs: Int64 = 1_700_000_000_000
  private static let setup: Verifier.Setup = {
    var setup = Verifier.Setup(publicURL: url)
    setup.requiresHeaders = false
    return setup
  }()

  let words: [[UInt8]] = [
    "{body}", "{timestamp}", "{header:X-Id}", "{{", "}}", "{", "}", "{url}{body}", "{secret}",
    "sha256=", "v1,", "t=", ",v1=", "v0=", "=", " ", ",", "%2F", "?a=1",
  ].map { Array($0.utf8) }

  var seeds: [[UInt8]] {
    let decisions = (0..<24).map { start -> [UInt8] in
      [UInt8(start & 7)] + (0..<80).map { UInt8(truncatingIfNeeded: $0 * 31 + start * 7) }
    }
    let templates = ["{timestamp}.{body}", "v0:{header:X-A}:{body}", "{{{body}}}"]
    return decisions + templates.map { [7] + Array($0.utf8) }
  }

  func check(_ input: [UInt8]) -> String? {
    var choices = Choices(input)
    switch choices.number(below: 8) {
    case 7: return checkTemplate(String(decoding: input.dropFirst(), as: UTF8.self))
    case 5, 6:
      guard let scheme = generic(&choices) else { return nil }
      return check(scheme, &choices)
    default: return check(choices.pick(schemes), &choices)
    }
  }

  private func generic(_ choices: inout Choices) -> Scheme? {
    func word(_ good: [String], _ choices: inout Choices) -> String {
      choices.chance(1, of: 32) ? choices.text(max: 6) : choices.pick(good)
    }
    let signed = word(
      [
        "{body}", "{timestamp}.{body}", "{method}{url}{body}", "{path}?{query}\n{body}",
        "v0:{timestamp}:{header:X-Extra}:{body}", "{body}{secret}", "{{{body}}}",
      ], &choices)
    let hasTime = choices.chance(3, of: 4)
    let lines = [
      "header: \(word(["X-Sig", "x-signature"], &choices))",
      "prefix: \(word(["", "sha256=", "v0="], &choices).quotedForYAML)",
      "hash: \(word(["sha1", "sha256", "sha512"], &choices))",
      "encoding: \(word(["hex", "base64"], &choices))",
      "key: \(word(["text", "hex", "base64"], &choices))", "signed: \(signed.quotedForYAML)",
      hasTime ? "timestamp: header:X-Time" : "", "timestamp_unit: \(word(["s", "ms"], &choices))",
      choices.chance(1, of: 2) ? "tolerance_s: 300" : "",
    ]
    let text = "schemes:\n  own:\n" + lines.map { "    \($0)\n" }.joined()
    guard let settings = try? ProviderSettings.parse(name: "own", text: text) else { return nil }
    return (try? Provider(settings))?.schemes.first
  }

  private func checkTemplate(_ text: String) -> String? {
    guard let template = try? SignedTemplate(text) else { return nil }
    let isThere = !template.parts.isEmpty || text.isEmpty
    return isThere ? nil : "a template without parts: \(text)"
  }

  private func check(_ scheme: Scheme, _ choices: inout Choices) -> String? {
    let secret: String
    switch scheme.key {
    case .hex: secret = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056"
    case .base64(let prefix): secret = prefix + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    default: secret = "8b1a9953c4611296a827abf8c47804d7"
    }
    let secrets = choices.chance(1, of: 2) ? [secret] : [secret.reversedKey, secret]
    guard
      let signer = try? Signer(scheme, secret: secret, publicURL: Self.url),
      let verifier = try? Verifier(
        scheme, secrets: secrets, Self.setup)
    else { return nil }
    var request = SignedRequest(&choices)
    guard
      let added = try? signer.headers(
        method: request.method, target: request.target, headers: request.headers,
        body: request.body, id: request.id, nowMs: Self.nowMs)
    else { return nil }
    request.headers += added
    guard request.isVerified(verifier, Self.nowMs) else {
      return "\(scheme.name): signed and refused: \(request)"
    }
    var other = request
    let part = other.mutate(added.map(\.0), scheme, &choices)
    if let part, other.isVerified(verifier, Self.nowMs) {
      return "\(scheme.name): another \(part), and still accepted: \(request) as \(other)"
    }
    return garbage(verifier, request, signature: added.last?.0 ?? "", &choices)
  }

  /// A signature that nobody made.
  private func garbage(
    _ verifier: Verifier, _ request: SignedRequest, signature: String, _ choices: inout Choices
  ) -> String? {
    var other = request
    guard let at = other.headers.firstIndex(where: { $0.0 == signature }) else { return nil }
    other.headers[at].1 =
      choices.pick(["", "v1,", "sha256=", "v0=", "t=1700000000,v1=", "v1=", "t=,v1="])
      + choices.text(max: 44)
    guard other.isVerified(verifier, Self.nowMs) else { return nil }
    return "\(verifier.scheme.name): garbage accepted: \(other)"
  }
}

extension String {
  fileprivate var quotedForYAML: String {
    let escaped = unicodeScalars.map { scalar -> String in
      switch scalar {
      case "\\", "\"": "\\\(scalar)"
      case _ where scalar.value < 0x20 || scalar.value == 0x7F: "?"
      default: String(scalar)
      }
    }
    return "\"\(escaped.joined())\""
  }

  /// Another secret that decodes as this one does.
  fileprivate var reversedKey: String {
    let mark = firstIndex(of: "_").map { index(after: $0) } ?? startIndex
    return self[..<mark] + String(self[mark...].reversed())
  }
}

/// A request as values, to be changed and looked at again.
private struct SignedRequest: CustomStringConvertible {
  var method: String
  var target: String
  var headers: [(String, String)]
  var body: [UInt8]
  var id: String

  init(_ choices: inout Choices) {
    method = choices.pick(["POST", "PUT", "GET"])
    target = "/hooks/crm" + choices.pick(["", "?", "?a=1&b=%2Fx", "?q=%3A%zz%4"])
    body = Array(#"{"a":"#.utf8) + choices.bytes(max: 40) + [UInt8(ascii: "}")]
    id = "msg_" + String(choices.byte())
    headers = [("Host", "x"), ("X-Extra", "e" + String(choices.byte()))]
  }

  var description: String {
    "\(method) \(target) \(headers) body \(Bytes.hex(body))"
  }

  func isVerified(_ verifier: Verifier, _ nowMs: Int64) -> Bool {
    let verdict = RequestView.with(
      method: method, target: target, headers: headers, body: body
    ) { verifier.verify($0, nowMs: nowMs) }
    if case .success = verdict { return true }
    return false
  }

  /// Changes one byte that the signature covers, or one of the signature; says which part.
  mutating func mutate(
    _ signed: [String], _ scheme: Scheme, _ choices: inout Choices
  ) -> String? {
    let change = UInt8(1 + choices.number(below: 255))
    switch choices.number(below: 3) {
    case 0:
      body[choices.number(below: body.count)] ^= change
      return "body"
    case 1 where scheme.signed.parts.contains(.url) || scheme.signed.parts.contains(.query):
      guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
      target = String(target[...mark]) + "z" + target[target.index(after: mark)...]
      return "query"
    default:
      // A time of any age need not be signed.
      let covered = scheme.signed.parts.contains(.timestamp) ? signed : signed.suffix(1)
      let name = choices.pick(covered)
      guard let at = headers.firstIndex(where: { $0.0 == name }), !headers[at].1.isEmpty else {
        return nil
      }
      var value = Array(headers[at].1.utf8)
      // One visible character becomes another.
      let place = choices.number(below: value.count)
      let before = value[place]
      value[place] = 0x21 + (before &- 0x21 &+ change % 94) % 94
      guard value[place] != before, !isSameHex(value[place], before, scheme) else { return nil }
      headers[at].1 = String(decoding: value, as: UTF8.self)
      return "header \(name)"
    }
  }

  /// Hex is read in either case.
  private func isSameHex(_ left: UInt8, _ right: UInt8, _ scheme: Scheme) -> Bool {
    scheme.encoding == .hex && left | 0x20 == right | 0x20
  }
}
