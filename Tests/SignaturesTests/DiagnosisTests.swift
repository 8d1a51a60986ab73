// Requests with one or two things wrong: the diagnosis names exactly those.
import Testing

@testable import Signatures

@Suite struct DiagnosisTests {
  static let url = "https://hooks.example.com/hooks/crm"
  static let nowMs: Int64 = 1_700_000_000_000
  static let scheme = Scheme(
    name: "url-v1", header: "X-Sig", encoding: .base64,
    signed: [.method, .url, .body, .timestamp],
    timestamp: Scheme.TimestampRule(.header("X-Time"), unit: .seconds, isTwoSided: true))

  /// A request that was signed as told, and arrived with `body`.
  static func request(
    signedBy scheme: Scheme = scheme, secret: String = "s3cret", url: String? = url,
    signedBody: String = #"{"a": 1}"#, body: String = #"{"a": 1}"#, target: String = "/hooks/crm",
    ageS: Int64 = 0
  ) throws -> Diagnosis.Request {
    let signer = try Signer(scheme, secret: secret, publicURL: url)
    let headers = try signer.headers(
      method: "POST", target: target, body: Array(signedBody.utf8), nowMs: nowMs - ageS * 1000)
    return Diagnosis.Request(
      method: "POST", target: target,
      headers: headers.map { ($0.0, $0.1) } + [("Host", "hooks.example.com")],
      body: Array(body.utf8))
  }

  static func findings(
    _ request: Diagnosis.Request, scheme: Scheme = scheme,
    secrets: [String] = ["older", "s3cret"], url: String? = url
  ) -> [Diagnosis.Finding] {
    Diagnosis.findings(
      request, [Diagnosis.Suspect(scheme, secrets: secrets, publicURL: url)], nowMs: nowMs)
  }

  @Test func aGenuineOneDiffersInNothing() throws {
    let found = Self.findings(try Self.request(ageS: 400))
    #expect(found.map(\.secretIndex) == [1])
    #expect(found.map(\.differences) == [[]])
    #expect(found.map(\.ageS) == [400])
  }

  @Test(
    arguments: [
      ("http://hooks.example.com/hooks/crm", "/hooks/crm"),
      ("https://hooks.example.com/hooks/crm/", "/hooks/crm"),
      ("https://hooks.example.com:443/hooks/crm", "/hooks/crm"), ("/hooks/crm", "/hooks/crm"),
    ])
  func anotherURL(signed: String, target: String) throws {
    let found = Self.findings(try Self.request(url: signed, target: target))
    #expect(found.map(\.differences) == [["the URL \(signed)"]])
  }

  @Test func theHostThatTheSenderUsed() throws {
    let found = Self.findings(try Self.request(), url: "https://old.example.com/x")
    #expect(found.map(\.differences) == [["the URL \(Self.url)"]])
  }

  @Test(
    arguments: [
      (#"{"a": 1}"#, "{\"a\": 1}\n", BodySpelling.withoutNewline),
      ("{\"a\": 1}\n", #"{"a": 1}"#, .withNewline),
      (#"{"a":1,"b":"x: , \" y"}"#, "{ \"a\": 1,\n \"b\": \"x: , \\\" y\" }", .compact),
      (#"{"a": 1, "b": [1, 2]}"#, #"{"a":1,"b":[1,2]}"#, .spaced),
      ("a\r\nb", "a\nb", .carriageReturns), ("a\nb", "a\r\nb", .lineFeeds),
    ])
  func anotherBody(signed: String, arrived: String, spelling: BodySpelling) throws {
    let found = Self.findings(try Self.request(signedBody: signed, body: arrived))
    #expect(found.map(\.differences) == [[spelling.rawValue]])
  }

  @Test func aKeyThatIsReadInAnotherWay() throws {
    var signing = Self.scheme
    signing.key = .base64(strippedPrefix: "whsec_")
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    let found = Self.findings(
      try Self.request(signedBy: signing, secret: secret), secrets: [secret])
    #expect(found.map(\.differences) == [["the secret decoded as base64, without whsec_"]])
  }

  @Test func anEncodingAndAURLAtOnce() throws {
    var signing = Self.scheme
    signing.encoding = .hex
    let found = Self.findings(
      try Self.request(signedBy: signing, url: "http://hooks.example.com/hooks/crm"))
    #expect(found.count == 1)
    #expect(
      Set(found.first?.differences ?? []) == [
        "the URL http://hooks.example.com/hooks/crm", "the signature written as hex",
      ])
  }

  @Test func aSecretThatWasCopiedWithItsLineBreak() throws {
    let found = Self.findings(try Self.request(), secrets: ["s3cret\n"])
    #expect(found.map(\.differences) == [["the secret without the white space around it"]])
  }

  @Test func nothingIsMadeUp() throws {
    #expect(Self.findings(try Self.request(), secrets: ["another"]).isEmpty)
    #expect(Self.findings(try Self.request(body: #"{"a": 2}"#)).isEmpty)
  }
}
