// Paths and versions of the API that the consumer fetches from.

import Providers
import Testing

@Suite struct RecordAPITests {
  let api: RecordAPI

  init() throws { api = try #require(RecordAPI.named("hubspot")) }

  @Test(arguments: [
    ("contact", "contacts"), ("company", "companies"), ("deal", "deals"), ("ticket", "tickets"),
    ("line_item", "line_items"), ("product", "products"), ("2-123", "2-123"), ("a/b", "a%2Fb"),
  ])
  func segments(_ object: String, _ segment: String) {
    #expect(api.path(object: object, recordId: "12") == "/crm/v3/objects/\(segment)/12")
    #expect(api.batchPath(object: object) == "/crm/v3/objects/\(segment)/batch/read")
  }

  @Test func propertiesAndEscapes() {
    #expect(
      api.path(object: "deal", recordId: "1?a=b", properties: ["amount", "näme"])
        == "/crm/v3/objects/deals/1%3Fa%3Db?properties=amount,n%C3%A4me")
    #expect(api.path(object: "..", recordId: "..") == "/crm/v3/objects/%2E%2E/%2E%2E")
    #expect(api.path(object: "deal", recordId: "1.5") == "/crm/v3/objects/deals/1.5")
  }

  @Test func version() {
    let answer = #"{"id":"1","properties":{},"updatedAt":"2026-11-21T10:54:09.123Z"}"#
    #expect(api.version(of: Array(answer.utf8)) == 1_795_258_449_123)
    #expect(api.version(of: Array(#"{"id":"1"}"#.utf8)) == nil)
    #expect(api.version(of: Array("<html>".utf8)) == nil)
  }

  @Test func onlyTheAPIsOwnWordMeansGone() {
    let gone = #"{"status":"error","message":"Object not found.","category":"OBJECT_NOT_FOUND"}"#
    #expect(api.isGone(Array(gone.utf8)))
    #expect(!api.isGone(Array(#"{"status":"error","message":"resource not found"}"#.utf8)))
    #expect(!api.isGone(Array("<html>404</html>".utf8)))
    #expect(!api.isGone([]))
  }

  @Test func names() {
    #expect(RecordAPI.names == ["hubspot"])
    #expect(RecordAPI.named("nope") == nil)
  }
}
