// Every built-in scheme against published signatures (Fixtures/signatures.json; each row names its
// source).

import Foundation
import Model
import Signatures
import Testing

struct Vector: Decodable, Sendable, CustomTestStringConvertible {
  struct Repeated: Decodable {
    let char: String
    let count: Int
  }

  let id: String
  let scheme: String
  let secret: String
  let fallback_secrets: [String]?
  let method: String
  let url: String?
  let headers: [String: String]
  let bytes: [UInt8]
  let now: Int64
  let expect: String
  let tolerance_s: Int64?
  let needs: String?

  var testDescription: String { id }

  enum Key: String, CodingKey {
    case id, scheme, secret, fallback_secrets, method, url, headers, body, body_repeat, now, expect
    case tolerance_s, needs
  }

  init(from decoder: any Decoder) throws {
    let row = try decoder.container(keyedBy: Key.self)
    id = try row.decode(String.self, forKey: .id)
    scheme = try row.decode(String.self, forKey: .scheme)
    secret = try row.decode(String.self, forKey: .secret)
    fallback_secrets = try row.decodeIfPresent([String].self, forKey: .fallback_secrets)
    method = try row.decode(String.self, forKey: .method)
    url = try row.decodeIfPresent(String.self, forKey: .url)
    headers = try row.decode([String: String].self, forKey: .headers)
    now = try row.decode(Int64.self, forKey: .now)
    expect = try row.decode(String.self, forKey: .expect)
    tolerance_s = try row.decodeIfPresent(Int64.self, forKey: .tolerance_s)
    needs = try row.decodeIfPresent(String.self, forKey: .needs)
    if let repeated = try row.decodeIfPresent(Repeated.self, forKey: .body_repeat) {
      bytes = Array(String(repeating: repeated.char, count: repeated.count).utf8)
    } else {
      bytes = Array(try row.decode(String.self, forKey: .body).utf8)
    }
  }

  static let all: [Vector] = {
    guard let file = Bundle.module.url(forResource: "Fixtures/signatures", withExtension: "json"),
      let data = try? Data(contentsOf: file),
      let rows = try? JSONDecoder().decode([Vector].self, from: data)
    else { return [] }
    return rows
  }()

  var target: String {
    guard let url, let parts = URLComponents(string: url) else { return "/hooks/x" }
    return parts.percentEncodedPath + (parts.percentEncodedQuery.map { "?\($0)" } ?? "")
  }

  /// A secret that is refused at construction verifies nothing.
  func verdict() throws -> Result<Verifier.Verified, Rejection>? {
    let row = try #require(Scheme.named(scheme))
    guard
      let verifier = try? Verifier(
        row, secrets: [secret] + (fallback_secrets ?? []), publicURL: url,
        toleranceMs: tolerance_s.map { $0 * 1000 },
        requiresHeaders: needs?.hasPrefix("signature check only") != true)
    else { return nil }
    return RequestView.with(
      method: method, target: target, headers: headers.map { ($0, $1) }, body: bytes
    ) { verifier.verify($0, nowMs: now * 1000) }
  }
}

@Suite struct VectorTests {
  @Test func theFixturesAreThere() {
    #expect(Vector.all.count == 102)
    #expect(Set(Vector.all.map(\.scheme)) == Set(Scheme.all.map(\.name)))
  }

  @Test(arguments: Vector.all) func verdict(_ vector: Vector) throws {
    let verdict = try vector.verdict()
    switch vector.expect {
    case "valid": #expect((try? verdict?.get()) != nil, "\(String(describing: verdict))")
    default: #expect((try? verdict?.get()) == nil)
    }
  }

  /// What the built-in rows sign, they verify; and no flipped byte of it.
  @Test(arguments: Scheme.all.map(\.name)) func signedIsVerified(_ name: String) throws {
    let scheme = try #require(Scheme.named(name))
    let secret = name.hasPrefix("adyen") ? "00ff10" : "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let url = "https://hooks.example.com/hooks/a%3Ab"
    let signer = try Signer(scheme, secret: secret, publicURL: url)
    let verifier = try Verifier(scheme, secrets: ["AAAA", secret], publicURL: url)
    let now: Int64 = 1_700_000_000_123
    let body = Array(#"{"é":1}"#.utf8)
    let added = try signer.headers(
      target: "/hooks/a%3Ab?x=%2F1", body: body, id: "msg_1", nowMs: now)
    let headers = added + scheme.requiredHeaders.map { ($0, "x") }
    func verdict(_ body: [UInt8], target: String = "/hooks/a%3Ab?x=%2F1")
      -> Result<Verifier.Verified, Rejection>
    {
      RequestView.with(method: "POST", target: target, headers: headers, body: body) {
        verifier.verify($0, nowMs: now)
      }
    }
    let verified = try verdict(body).get()
    #expect(verified.secretIndex == 1)
    #expect(verified.label == "\(name)#1")
    for index in body.indices {
      var changed = body
      changed[index] ^= 1
      #expect(verdict(changed) == .failure(.signatureMismatch))
    }
    if scheme.signed.parts.contains(.url) {
      #expect(verdict(body, target: "/hooks/a%3Ab?x=2") == .failure(.signatureMismatch))
    }
  }
}
