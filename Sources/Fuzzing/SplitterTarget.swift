// Bodies into events: JSON mostly, and what is none. The first line names provider and headers.

import Model
import Providers
import Signatures

/// `PROVIDER[ name=value]...\n`, then the body.
final class SplitterTarget: FuzzTarget {
  static let name = "splitter"
  private let splitters: [(provider: Provider, splitter: Splitter)]
  private let arrival = Splitter.Arrival(
    envelopeId: "0000000ab000001", receivedAtMs: 1_700_000_000_123, verifiedBy: "fuzz#0")

  init() throws {
    let generic = try Provider.generic(
      name: "hmac", schemes: [], id: "header:X-Id", type: "json:/kind", object: "json:/a/object",
      recordId: "json:/a/id", tenant: "json:/a/b/tenant", time: "json:/a/time")
    splitters = try (BuiltIn.providers + [generic]).map {
      ($0, try Splitter($0, source: "crm", tenant: nil))
    }
  }

  var seeds: [[UInt8]] {
    let event =
      #"{"eventId":1,"portalId":62515,"occurredAt":1700000000123,"subscriptionType":"#
      + #""contact.propertyChange","propertyName":"e\u006dail","attemptNumber":0,"objectId":7}"#
    let texts = [
      "hubspot\n[\(event)]", "hubspot\n[\(event), \(event),\(event)]", "hubspot\n\(event)",
      #"hubspot\#n[{"subscriptionType":"object.creation","objectTypeId":"0-1","objectId":"9/9"}]"#,
      "hubspot\n[]", "hubspot\n[1,\"two\",null,[],{}]",
      #"standard-webhooks webhook-id=msg_1\#n{"type":"contact.updated","timestamp":"#
        + #""2024-01-01T00:00:00Z","data":{"id":"cus_1"}}"#,
      #"hmac x-id=5\#n{"kind":"k","a":{"object":"o","id":12,"time":1700000000,"#
        + #""b":{"tenant":"t"}}}"#,
      "quickbooks\n{\"eventNotifications\":[{\"realmId\":\"1\",\"dataChangeEvent\":{\"entities\":["
        + "{\"name\":\"Customer\",\"id\":\"2\"},{\"name\":\"Vendor\",\"id\":\"3\"}]}}]}",
      "zoho\n{\"ids\":[\"1\",\"2\"],\"token\":\"abc\",\"module\":\"Leads\"}",
      "slack content-type=application/x-www-form-urlencoded\npayload=%7B%22token%22%3A%22x%22%7D",
      "salesforce\n<e:Envelope xmlns:e=\"u\"><e:Body><notifications><SessionId>s</SessionId>"
        + "<Notification><Id>1</Id><sObject><Id>2</Id></sObject></Notification></notifications>"
        + "</e:Body></e:Envelope>",
      "hmac content-type=application/x-www-form-urlencoded\na=1&b=%20x&a=2&leads%5B0%5D=3",
      "hmac\n<?xml version=\"1.0\"?><soapenv:Envelope><soapenv:Body><notifications><Notification>"
        + "<Id>04l</Id><sObject><sf:Id>001</sf:Id></sObject></Notification></notifications>"
        + "</soapenv:Body></soapenv:Envelope>",
    ]
    return texts.map { Array($0.utf8) }
  }

  let words =
    [
      "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800", "null", "true", "[[[[[[[[",
      "{\"a\":", "\"objectId\":", "\"portalId\":\"\"", "\"occurredAt\":", "\"id\":", "hubspot\n",
      "standard-webhooks ", "hmac ", "webhook-id=", "\u{FEFF}", "<a>", "</a>", "&amp;", "<!--", "%",
      "\u{0}", "é", "\n", "-", "1e5", "99999999999999999999", "\"objectId\":\"\"", "/", "//",
      "[" + String(repeating: "1,", count: 1001) + "1]", "\"type\":\"..\"", "\"type\":\"",
      "\"objectTypeId\":\"0-3\"", "object.", "0001-01-01T00:00:00Z", "2024-12-31T23:59:60.9999Z",
    ].map { Array($0.utf8) } + [[0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80]]

  func check(_ input: [UInt8]) -> String? {
    let end = input.firstIndex(of: 0x0A) ?? input.endIndex
    let line = String(decoding: input[..<end], as: UTF8.self)
    let parts = line.split(separator: " ")
    let body = Array(input[min(input.count, end + 1)...])
    let headers = parts.dropFirst().map { part -> (String, String) in
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(pair[0]), pair.count == 2 ? String(pair[1]) : "")
    }
    let known = splitters.first { parts.first?.elementsEqual($0.provider.name) ?? false }
    let chosen = known ?? splitters[Int(Bytes.hash(input) % UInt64(splitters.count))]
    var judge = SplitJudge(
      eventsMax: max(1, chosen.provider.eventsMax),
      isInOrder: chosen.provider.redactedNames.isEmpty && !chosen.provider.splitting.isRepeating)
    RequestView.with(method: "POST", target: "/hooks/crm", headers: headers, body: body) { view in
      judge.body = view.body
      chosen.splitter.split(view, arrival) { event, value in judge.note(event, value) }
    }
    return judge.finding
  }
}

/// What must hold of the events of one body.
private struct SplitJudge {
  let eventsMax: Int
  /// False where secrets are blanked in a copy, or events share their bytes.
  let isInOrder: Bool
  var body = UnsafeRawBufferPointer(start: nil, count: 0)
  private(set) var finding: String?
  private var events = 0
  private var end = 0

  init(eventsMax: Int, isInOrder: Bool) {
    self.eventsMax = eventsMax
    self.isInOrder = isInOrder
  }

  mutating func note(_ draft: EventDraft, _ value: UnsafeRawBufferPointer) {
    events += 1
    guard finding == nil else { return }
    do throws(EventDecodingError) {
      let event = try draft.event
      finding = complaint(event, value)
      let key = draft.key.map { [UInt8]($0) }
      if finding == nil, key != event.key?.encoded { finding = "the key is another one" }
    } catch {
      finding = "cannot be read back: \(error)"
    }
  }

  private mutating func complaint(_ event: Event, _ value: UnsafeRawBufferPointer) -> String? {
    if events > eventsMax { return "\(events) events, at most \(eventsMax)" }
    if value.count > body.count { return "event \(events) is longer than the body" }
    if isInOrder, let base = body.baseAddress, let start = value.baseAddress, !value.isEmpty {
      let offset = start - base
      guard offset >= end, offset + value.count <= body.count else {
        return
          "event \(events) at \(offset), \(value.count) bytes, is not inside the rest of the body"
      }
      end = offset + value.count
    }
    if event.id.isEmpty || event.id.utf8.count > 4096 {
      return "id of \(event.id.utf8.count) bytes"
    }
    if event.type.isEmpty { return "empty type" }
    if let key = event.key {
      if key.encoded.isEmpty || key.recordId.isEmpty { return "empty key" }
      if RecordKey(encoded: key.encoded) != key { return "key \(key) reads back as another" }
    }
    return HeadersTarget.roundTrip(event)
  }
}
