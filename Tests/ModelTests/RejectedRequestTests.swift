// What is kept of a refused request, and what must not be.
import Testing

@testable import Model

@Suite struct RejectedRequestTests {
  static func request(_ headers: [(String, String)], body: [UInt8]? = [1, 2]) -> RejectedRequest {
    RejectedRequest(
      source: "crm", reason: .signatureMismatch, receivedAtMs: 1_700_000_000_123, method: "POST",
      target: "/hooks/crm?a=1",
      headers: headers.map { RejectedRequest.Header($0.0, $0.1) }, body: body, bodyBytes: 2)
  }

  @Test(arguments: [[1, 2], nil] as [[UInt8]?]) func readBackAsWritten(body: [UInt8]?) throws {
    let request = Self.request([("x-sig", "a=b"), ("x-sig", "ü"), ("empty", "")], body: body)
    let read = try #require(
      RejectedRequest(recordHeaders: request.recordHeaders, value: body ?? []))
    #expect(read == request)
  }

  @Test func credentialsAreLeftOut() {
    let request = Self.request([
      ("Authorization", "s3cret"), ("Proxy-Authorization", "s3cret"), ("cookie", "s3cret"),
      ("X-Api-Key", "s3cret"), ("x-zoho-TOKEN", "s3cret"), ("my-secret", "s3cret"),
      ("x-signature", "kept"), ("i-twilio-idempotency-token", "kept"),
    ])
    #expect(request.headers.map(\.value) == ["kept", "kept"])
    #expect(!request.recordHeaders.texts.contains { $0.value.contains("s3cret") })
  }

  @Test func whatIsNoRejectIsNone() {
    var list = Self.request([]).recordHeaders
    list.set("hookferry-reject-reason", "no_such_reason")
    #expect(RejectedRequest(recordHeaders: list, value: []) == nil)
    #expect(RejectedRequest(recordHeaders: HeaderList(), value: [1]) == nil)
  }
}
