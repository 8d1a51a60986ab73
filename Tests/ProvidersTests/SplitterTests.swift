// What becomes of bodies: exact bytes, identity, and nothing ever dropped.

import Model
import Providers
import Signatures
import Testing

@Suite struct SplitterTests {
  func split(
    _ provider: Provider, _ body: String, headers: [(String, String)] = [], tenant: String? = nil
  ) throws -> [SplitEvent] {
    try split(provider, Array(body.utf8), headers: headers, tenant: tenant)
  }

  func split(
    _ provider: Provider, _ body: [UInt8], headers: [(String, String)] = [], tenant: String? = nil
  ) throws -> [SplitEvent] {
    let splitter = try Splitter(provider, source: "crm", tenant: tenant)
    let arrival = Splitter.Arrival(
      envelopeId: "env1", receivedAtMs: 1_700_000_000_456, verifiedBy: "hubspot-v3#1")
    var pieces: [SplitEvent] = []
    try RequestView.with(method: "POST", target: "/hooks/crm", headers: headers, body: body) {
      view in
      try splitter.split(view, arrival) { draft, value in
        pieces.append(try SplitEvent(draft, value))
      }
    }
    return pieces
  }

  let hubspot = Self.builtIn("hubspot")
  let standardWebhooks = Self.builtIn("standard-webhooks")

  static func builtIn(_ name: String) -> Provider {
    do { return try Provider.named(name) } catch { fatalError("\(error)") }
  }

  let first =
    #"{"eventId":1,"subscriptionId":9,"portalId":62515,"appId":5,"occurredAt":1700000000123,"#
    + #""subscriptionType":"contact.propertyChange","attemptNumber":0,"objectId":246,"#
    + #""propertyName":"email", "propertyValue":"é\u00e9@x"}"#
  let second =
    #"{"objectId":"77","portalId":62515,"subscriptionType":"object.creation","#
    + #""objectTypeId":"2-123","eventId":2,"occurredAt":1700000000124}"#

  @Test func timesThatFitNoClock() throws {
    for text in ["-9223372036854775808", "9223372036854775807", "-99999999999"] {
      let pieces = try split(hubspot, #"[{"occurredAt":\#(text),"objectId":1}]"#)
      #expect(pieces.count == 1)
      #expect(throws: Never.self) { try pieces.first.map { try Event(headers: $0.event.headers) } }
    }
  }

  @Test func hubspotArray() throws {
    let pieces = try split(hubspot, " [\(first) ,\n \(second)]\n")
    #expect(pieces.map(\.value) == [first, second])
    let event = try #require(pieces.first?.event)
    #expect(event.id == "62515,contact.propertyChange,246,1,1700000000123,email")
    #expect(event.source == "crm")
    #expect(event.type == "contact.propertyChange")
    #expect(event.key?.description == "62515/contact/246")
    #expect(event.timeMs == 1_700_000_000_123)
    #expect(event.origin == .webhook)
    #expect(event.receivedAtMs == 1_700_000_000_456)
    #expect(event.envelope == Envelope(id: "env1", index: 0, count: 2))
    #expect(event.verifiedBy == "hubspot-v3#1")
    #expect(event.contentType == "application/json")
    #expect(event.recordVersion == nil)
    #expect(pieces[1].event.id == "62515,object.creation,77,2,1700000000124")
    #expect(pieces[1].event.key?.description == "62515/2-123/77")
    #expect(pieces[1].event.envelope == Envelope(id: "env1", index: 1, count: 2))
  }

  @Test func retriesHaveTheSameId() throws {
    let retried = first.replacing(#""attemptNumber":0"#, with: #""attemptNumber":7"#)
    #expect(retried != first)
    let ids = try [first, retried].map { try split(hubspot, "[\($0)]")[0].event.id }
    #expect(ids[0] == ids[1])
  }

  @Test func hubspotObjectTypesHaveOneKeyPerRecord() throws {
    let generic = second.replacing("2-123", with: "0-1")
    #expect(try split(hubspot, "[\(generic)]")[0].event.key?.description == "62515/contact/77")
  }

  @Test func aSingleObjectIsOneEvent() throws {
    let pieces = try split(hubspot, first)
    #expect(pieces.map(\.value) == [first])
    #expect(pieces[0].event.key?.recordId == "246")
  }

  @Test func anEmptyArrayHasNoEvents() throws {
    #expect(try split(hubspot, "[]").isEmpty)
  }

  @Test(arguments: [
    "{'a':'b'}", "", "[1,2", "[\(String(repeating: "[", count: 200))", "} not JSON; 123][",
  ])
  func undecodableIsOneEventWithoutKey(_ body: String) throws {
    let pieces = try split(hubspot, body)
    #expect(pieces.map(\.value) == [body])
    #expect(pieces[0].event.key == nil)
    #expect(pieces[0].event.id.hasPrefix("sha256:"))
    #expect(pieces[0].event.id.count == 71)
    #expect(pieces[0].event.type == "unknown")
    // It survives the way through the record's headers.
    #expect(try Event(headers: pieces[0].event.headers) == pieces[0].event)
  }

  @Test func bytesThatAreNotUTF8SurviveAsOneEvent() throws {
    let pieces = try split(hubspot, [0xFF, 0x00, 0xC3])
    #expect(pieces.count == 1)
    #expect(pieces[0].event.key == nil)
  }

  @Test func elementsWithoutRecordStayInTheirPlace() throws {
    let pieces = try split(hubspot, #"[\#(first),7,"x",{"objectId":""},{"objectId":5},null]"#)
    #expect(pieces.count == 6)
    #expect(pieces.map { $0.event.key == nil } == [false, true, true, true, false, true])
    #expect(pieces.map(\.event.envelope.index) == [0, 1, 2, 3, 4, 5])
    #expect(pieces[1].value == "7")
    #expect(pieces[2].value == #""x""#)
    // The tenant is not told: the configured one, else the source's name.
    #expect(pieces[4].event.key?.tenant == "crm")
    let named = try split(hubspot, #"[{"objectId":5}]"#, tenant: "acme")
    #expect(named[0].event.key?.tenant == "acme")
  }

  @Test func tooManyElementsStayTogether() throws {
    let body = "[" + Array(repeating: "1", count: 1001).joined(separator: ",") + "]"
    let pieces = try split(hubspot, body)
    #expect(pieces.map(\.value) == [body])
    #expect(pieces[0].event.key == nil)
  }

  @Test func standardWebhooksEvent() throws {
    let body =
      #"{"type":"contact.updated","timestamp":"2026-11-21T10:00:00.5Z","data":{"id":"c/1"}}"#
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    let headers = [
      ("Webhook-Id", "msg_1"), ("Content-Type", "application/cloudevents+json"),
      ("TraceParent", trace),
    ]
    let event = try split(standardWebhooks, body, headers: headers, tenant: "acme")[0].event
    #expect(event.id == "msg_1")
    #expect(event.type == "contact.updated")
    #expect(event.key?.description == "acme/contact/c%2F1")
    #expect(event.timeMs == 1_795_255_200_500)
    #expect(event.contentType == "application/cloudevents+json")
    #expect(event.traceparent == trace)
    let svix = try split(standardWebhooks, body, headers: [("svix-id", "msg_2")])[0].event
    #expect(svix.id == "msg_2")
  }

  @Test func anArrayWhereOneEventIsExpectedStaysWhole() throws {
    let body = #"[{"type":"a.b","data":{"id":1}}]"#
    let pieces = try split(standardWebhooks, body)
    #expect(pieces.map(\.value) == [body])
    #expect(pieces[0].event.key == nil)
  }

  @Test func genericPlaces() throws {
    let scheme = try Scheme.builtIn("github-sha256")
    let provider = try Provider.generic(
      name: "hmac", schemes: [scheme], id: "header:X-Delivery", type: "json:/action",
      object: "text:issue", recordId: "json:/issue/id", tenant: "json:/org/login",
      time: "json:/at")
    let body = #"{"action":"opened","issue":{"id":12},"org":{"login":"a\u002fb"},"at":1700000000}"#
    let event = try split(provider, body, headers: [("x-delivery", "d1")])[0].event
    #expect(event.id == "d1")
    #expect(event.type == "opened")
    #expect(event.key?.description == "a%2Fb/issue/12")
    #expect(event.timeMs == 1_700_000_000_000)
    let bare = try Provider.generic(name: "hmac", schemes: [scheme])
    let keyless = try split(bare, body)[0].event
    #expect(keyless.key == nil)
    #expect(keyless.id.hasPrefix("sha256:"))
    for bad in ["issue", "json:id", "cookie:x", "header:", "text:"] {
      #expect(throws: SchemeError.badLocator(bad)) {
        try Provider.generic(name: "hmac", schemes: [scheme], id: bad)
      }
    }
  }

  @Test func aVeryLongIdIsHashed() throws {
    let body = #"{"type":"a.b","data":{"id":1}}"#
    let long = String(repeating: "x", count: 600)
    let event = try split(standardWebhooks, body, headers: [("webhook-id", long)])[0].event
    #expect(event.id.hasPrefix("sha256:"))
  }
}
