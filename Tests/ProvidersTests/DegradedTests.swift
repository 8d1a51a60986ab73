// Bodies that are not what they should be: they reach the log all the same, with nothing made up
// and no secret in them.

import Foundation
import Model
@testable import Providers
import Settings
import Signatures
import Testing

@Suite struct DegradedTests {
  static func split(
    _ provider: String, _ body: String, headers: [String: String] = [:], tenant: String? = nil
  ) throws -> [SplitEvent] {
    try Golden.split(
      Provider.named(provider), body, headers: headers, tenant: tenant)
  }

  static let strange = [
    "", "{", "null", "7", "[]x", "[[]]", "{}", "[{}]", "<", "<a/>", "a=b&c", "\u{0}\u{1}",
    #"{"id":null,"data":{"id":""},"entry":[{}],"value":[null],"events":[1,"x"],"ids":[{},[]]}"#,
    #"{"entry":{"changes":1},"value":{},"events":{},"eventNotifications":[[]],"payload":[]}"#,
    #"{"notificationItems":[{"NotificationRequestItem":null},{}]}"#,
    String(repeating: "[", count: 300),
    "<Envelope><Body><notifications><Notification/></notifications></Body></Envelope>",
  ]

  /// Nothing is dropped, no id or key is empty, and every event can be read back.
  @Test(arguments: ProviderSettings.builtInNames) func nothingIsLost(_ name: String) throws {
    for body in Self.strange {
      for type in [
        nil, "application/json", "application/x-www-form-urlencoded", "text/xml; charset=utf-8",
      ] {
        let pieces = try Self.split(name, body, headers: type.map { ["Content-Type": $0] } ?? [:])
        #expect(!pieces.isEmpty, "\(body)")
        for piece in pieces {
          let event = piece.event
          #expect(!event.id.isEmpty)
          #expect(!event.type.isEmpty)
          #expect(event.key?.encoded.isEmpty != true)
          #expect(body.isEmpty || !piece.value.isEmpty)
          #expect(try Event(headers: event.headers) == event)
        }
      }
    }
  }

  @Test func whatNoPathLeadsIntoIsAnEventItself() throws {
    let body =
      #"{"object":"page","entry":[{"id":"1","time":1},{"id":"2","changes":[{"field":"f"}]}]}"#
    let pieces = try Self.split("meta", body)
    #expect(pieces.map(\.value) == [#"{"id":"1","time":1}"#, #"{"field":"f"}"#])
    #expect(pieces[0].event.key == nil)
    let mixed = #"{"entry":[{"messaging":[1,{"a":2}],"changes":[{"field":"f"},[3]]}]}"#
    #expect(
      try Self.split("meta", mixed).map(\.value) == ["1", #"{"a":2}"#, #"{"field":"f"}"#, "[3]"])
  }

  @Test func tooManyEventsStayTogether() throws {
    let many = "{\"events\":[" + Array(repeating: "{}", count: 1001).joined(separator: ",") + "]}"
    let ids = "{\"ids\":[" + (0..<1001).map { "\($0)" }.joined(separator: ",") + "]}"
    for (provider, body) in [("xero", many), ("zoho", ids)] {
      let pieces = try Self.split(provider, body)
      #expect(pieces.map(\.value) == [body])
      #expect(pieces[0].event.key == nil)
    }
  }

  @Test func secretsAreBlankedInBrokenBodiesToo() throws {
    let secret = "00D!AQsecretsecretsecret"
    let envelope =
      "<s:Envelope xmlns:s='u'><s:Body><notifications><OrganizationId>00D</OrganizationId>"
    let bodies = [
      ("salesforce", envelope + "<SessionId>\(secret)</SessionId>"),
      ("salesforce", envelope + "<n:SessionId a='b'><![CDATA[\(secret)]]></n:SessionId >"),
      ("salesforce", "<!DOCTYPE x><SessionId\n>\(secret)"),
      (
        "salesforce",
        envelope + "<SessionId>\(secret)</SessionId><Notification><Id>1</Id><sObject><Id>2</Id>"
          + "<Formula__c>\(secret)</Formula__c></sObject></Notification></notifications></s:Body>"
          + "</s:Envelope>"
      ),
      ("zoho", #"{"token" : "\#(secret)","ids":[1"#),
      ("zoho", #"{"ids":[1],"token":"a\"\#(secret)"}"#),
      ("zoho", #"[{"token":"\#(secret)"}]"#),
      ("msgraph", #"{"value":[{"clientState":"\#(secret)"},{"clientState":"\#(secret)"]"#),
      ("slack", "a=b&token=\(secret)&c=d"),
      ("slack", "payload=%7B%22token%22%3a%22\(secret)%22%7D"),
      ("slack", "payload=%7B%22token%22%3A+%22x%5C%22\(secret)%22%7D"),
    ]
    for (provider, body) in bodies {
      for type in ["application/json", "application/x-www-form-urlencoded"] {
        let pieces = try Self.split(provider, body, headers: ["Content-Type": type])
        #expect(!pieces.isEmpty)
        for piece in pieces {
          #expect(!"\(piece)".contains("secret"), "\(body) became \(piece.value)")
        }
      }
    }
    // UTF-16, where names cannot be seen.
    let wide = Array("<SessionId>secret</SessionId>".utf16).flatMap {
      [UInt8($0 & 0xFF), UInt8($0 >> 8)]
    }
    let text = String(decoding: wide, as: UTF8.self)
    #expect(try Self.split("salesforce", text).map(\.value) == [String(repeating: "*", count: 58)])
  }

  @Test func blankingKeepsTheRestByteForByte() throws {
    let body = #"{ "token":"abc","tokens":"abc","x":"token","n":{"token":12},"ids":[1]}"#
    let value = try Self.split("zoho", body)[0].value
    #expect(value == #"{ "token":"***","tokens":"abc","x":"token","n":{"token":11},"ids":[1]}"#)
  }

  @Test func longPartsAreHashedAndLongHeadersStay() throws {
    let long = String(repeating: "é", count: 400)
    let headers = [
      "X-Shopify-Topic": "orders/" + long, "X-Shopify-Shop-Domain": long,
      "X-Shopify-Webhook-Id": "w", "X-Shopify-Event-Id": String(repeating: "e", count: 1024),
      "X-Shopify-API-Version": String(repeating: "e", count: 1025),
    ]
    let piece = try Self.split("shopify", #"{"id":1}"#, headers: headers)[0]
    let event = piece.event
    let key = try #require(event.key)
    #expect(key.tenant.hasPrefix("sha256:") && key.tenant.utf8.count == 71)
    #expect(event.type.utf8.count == 71)
    #expect(event.id.hasPrefix("sha256:"))
    #expect(piece.carried.texts.map(\.name) == ["x-shopify-topic", "x-shopify-event-id"])
  }
}

@Suite struct LocatorTests {
  @Test func salesforceIds() {
    #expect(Transformation.salesforceId("001D000000IRFma") == "001D000000IRFmaIAH")
    #expect(Transformation.salesforceId("001D000000IRFmaIAH") == "001D000000IRFmaIAH")
    #expect(Transformation.salesforceId("00D000000000001") == "00D000000000001EAA")
    #expect(Transformation.salesforceId("001D000000IRFm*") == "001D000000IRFm*")
  }

  @Test(
    arguments: [
      ("1700000000", 1_700_000_000_000), ("1700000000123", 1_700_000_000_123),
      ("1548426417.840180", 1_548_426_417_840), ("/Date(1506384247000-0700)/", 1_506_384_247_000),
      ("/Date(-5)/", -5), ("2017-06-21T01:15:39.902", 1_498_007_739_902),
      ("2015-10-05T14:42:19-0700", 1_444_081_339_000), ("2009-03-26 21:35:57", 1_238_103_357_000),
      ("2026-11-21T10:00:00+01:00", 1_795_251_600_000),
    ] as [(String, Int64)])
  func times(_ text: String, _ ms: Int64) { #expect(EventTime.ms(text) == ms) }

  @Test(arguments: ["", "soon", "2017-06-21", "/Date(x)/", "nan", "1e400", "Thu, 13 Feb 2020"])
  func noTimes(_ text: String) { #expect(EventTime.ms(text) == nil) }

  @Test(arguments: [
    "", "json:", "json:a", "json:/a | shout", "json:/a | before:", "header:a + ", "json:/[a]",
    "json:/a/[b=c", "body", "up:x", "text:a ?? ", "item:x",
  ])
  func refused(_ text: String) {
    #expect(throws: SchemeError.badLocator(text)) { try Locator(text) }
  }

  @Test(arguments: [
    "authorization", "Cookie", "x-my-signature", "X-Hmac", "x-api-key", "x-secret", "ce_id",
    "Content-Type", "a b",
  ])
  func headersThatMustNotGoAlong(_ name: String) {
    #expect(throws: ConfigurationError.self) {
      try ProviderSettings.parse(name: "x", text: "event: {headers: [\"\(name)\"]}")
    }
  }

  @Test func aSchemesHeaderDoesNotGoAlong() throws {
    let text = "schemes: {s: {header: X-Proof}}\nevent: {headers: [x-proof]}"
    let settings = try ProviderSettings.parse(name: "x", text: text)
    #expect(throws: SchemeError.self) { try Provider(settings) }
  }
}
