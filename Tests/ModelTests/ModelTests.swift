// Record key, times and headers: round trips, and the exact form that other programs read.
import Testing

@testable import Model

@Suite struct RecordKeyTests {
  @Test func partsAreEscapedAndComeBack() throws {
    let key = try #require(RecordKey(tenant: "a/b", object: "100%", recordId: "x\ny"))
    #expect(key.description == "a%2Fb/100%25/x%0Ay")
    #expect(RecordKey(encoded: key.encoded) == key)
  }

  @Test func withoutARecordIdThereIsNoKey() {
    #expect(RecordKey(tenant: "t", object: "contact", recordId: "") == nil)
    #expect(RecordKey(tenant: "t", object: "", recordId: "1") == nil)
    #expect(RecordKey(tenant: "", object: "contact", recordId: "1")?.description == "/contact/1")
  }

  @Test(arguments: ["", "a/b", "a/b/c/d", "a/b/%2", "a/b/%zz", "a//", "%ff/b/c"])
  func malformedKeysAreRefused(text: String) {
    #expect(RecordKey(encoded: Array(text.utf8)) == nil)
  }
}

@Suite struct TimestampTests {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z"), (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
    (-1, "1969-12-31T23:59:59.999Z"), (951_782_400_000, "2000-02-29T00:00:00.000Z"),
    (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
  ])
  func knownTimes(ms: Int64, text: String) {
    #expect(Timestamp(ms: ms).text == text)
    #expect(Timestamp(rfc3339: text)?.ms == ms)
  }

  @Test func offsetsAndFractions() {
    #expect(Timestamp(rfc3339: "2023-11-14T23:13:20+01:00")?.ms == 1_700_000_000_000)
    #expect(Timestamp(rfc3339: "2023-11-14T22:13:20.1239999Z")?.ms == 1_700_000_000_123)
    #expect(Timestamp(rfc3339: "2023-11-14T22:13:20.5Z")?.ms == 1_700_000_000_500)
  }

  @Test(arguments: ["", "2023-11-14", "2023-13-01T00:00:00Z", "2023-11-14T22:13:20", "x"])
  func otherTextsAreRefused(text: String) {
    #expect(Timestamp(rfc3339: text) == nil)
  }
}

@Suite struct EventHeadersTests {
  static let event = Event(
    id: "evt-1", source: "crm", type: "contact.propertyChange",
    key: RecordKey(tenant: "62515", object: "contact", recordId: "1246965"),
    timeMs: 1_700_000_000_001, recordVersion: 17, origin: .webhook,
    receivedAtMs: 1_700_000_000_345, envelope: Envelope(id: "req-9", index: 2, count: 5),
    verifiedBy: "hubspot-v3#1",
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

  @Test func everyHeaderHasItsOwnValue() {
    let expected = [
      "ce_specversion": "1.0", "ce_id": "evt-1", "ce_source": "crm",
      "ce_type": "contact.propertyChange", "ce_subject": "62515/contact/1246965",
      "ce_time": "2023-11-14T22:13:20.001Z", "content-type": "application/json",
      "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      "ce_tenant": "62515", "ce_object": "contact", "ce_recordid": "1246965",
      "ce_recordversion": "17", "ce_origin": "webhook",
      "ce_receivedat": "2023-11-14T22:13:20.345Z", "ce_envelope": "req-9,2/5",
      "ce_verifiedby": "hubspot-v3#1",
    ]
    let written = Dictionary(
      Self.event.headers.texts.map { ($0.name, $0.value) }, uniquingKeysWith: { $0 + "+" + $1 })
    #expect(written == expected)
  }

  @Test func comesBackEqual() throws {
    #expect(try Event(headers: Self.event.headers) == Self.event)
  }

  @Test(arguments: [
    ("a,b,3/4", "a,b", 3), (",65/9", "", 65), ("x", "x", 0), ("a,1/2/3", "a,1/2/3", 0),
  ])
  func envelopesOfOthers(text: String, id: String, index: Int) throws {
    var headers = Self.event.headers
    headers.set("ce_envelope", text)
    let event = try Event(headers: headers)
    #expect(event.envelope.id == id)
    #expect(event.envelope.index == index)
    #expect(try Event(headers: event.headers) == event)
  }

  @Test(arguments: ["ce_id", "ce_source", "ce_type", "ce_specversion"])
  func aMissingRequiredHeaderIsNamed(name: String) {
    var headers = Self.event.headers
    headers.remove(name)
    #expect(throws: EventDecodingError(description: "header \(name) is missing or empty")) {
      try Event(headers: headers)
    }
  }

  @Test func headersCanBeReplaced() {
    var headers = Self.event.headers
    headers.set("ce_id", "other")
    #expect(headers.text("ce_id") == "other")
    #expect(headers.count == Self.event.headers.count)
    #expect(headers.text("ce_type") == "contact.propertyChange")
  }
}
