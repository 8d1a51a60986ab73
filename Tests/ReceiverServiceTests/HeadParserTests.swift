// Heads that are read, and the many that are not.

import Model
import Signatures
import Testing

@testable import ReceiverService

@Suite struct HeadParserTests {
  func parse(_ text: String, max: Int = 16_384, searched: Int = 0) -> HeadParser.Outcome {
    var fields: [RequestView.Field] = []
    return Array(text.utf8).withUnsafeBytes {
      HeadParser(headerBytesMax: max).parse($0, searched: searched, into: &fields)
    }
  }

  func head(_ text: String) -> RequestHead? {
    if case .complete(let head) = parse(text) { head } else { nil }
  }

  @Test func offsets() throws {
    let text =
      "POST /hooks/crm?a=b HTTP/1.1\r\nHost: x\r\nCONTENT-length: 12\r\nX-A: \t b c \t\r\n\r\nrest"
    var fields: [RequestView.Field] = []
    let bytes = Array(text.utf8)
    let outcome = bytes.withUnsafeBytes {
      HeadParser(headerBytesMax: 1000).parse($0, searched: 0, into: &fields)
    }
    guard case .complete(let head) = outcome else { throw Unexpected() }
    func slice(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
    #expect(slice(head.method) == "POST")
    #expect(slice(head.target) == "/hooks/crm?a=b")
    #expect(head.body == .length(12))
    #expect(head.keepsAlive)
    #expect(!head.expectsContinue)
    #expect(head.length == text.utf8.count - 4)
    let last = try #require(fields.last)
    #expect(slice(Int(last.name.lowerBound)..<Int(last.name.upperBound)) == "X-A")
    #expect(slice(Int(last.value.lowerBound)..<Int(last.value.upperBound)) == "b c")
  }

  struct Unexpected: Error {}

  @Test func whatTheHeadMeans() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\n"
    #expect(head(start + "\r\n")?.body == RequestHead.Body.none)
    #expect(head(start + "Content-Length: 0\r\n\r\n")?.body == RequestHead.Body.none)
    #expect(head(start + "Transfer-Encoding: Chunked\r\n\r\n")?.body == .chunked)
    #expect(head(start + "Expect: 100-Continue\r\n\r\n")?.expectsContinue == true)
    #expect(head(start + "Connection: foo , Close\r\n\r\n")?.keepsAlive == false)
    #expect(head("GET / HTTP/1.0\r\n\r\n")?.keepsAlive == false)
    #expect(head("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")?.keepsAlive == true)
  }

  @Test(arguments: [
    // Smuggling: two lengths, in whatever dress.
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
      + "Transfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
    "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999999999\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nA: b\r\n Content-Length: 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nA: b\nContent-Length: 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nA: b\rC: 1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nA: \u{0}\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nA b\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nÄ: b\r\n\r\n",
    // Which host is meant?
    "POST / HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    // Request lines.
    "\r\nPOST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST / HTTP/1.1 \r\nHost: x\r\n\r\n",
    "POST / HTTP/2.0\r\nHost: x\r\n\r\n",
    "POST / HTTP/1.2\r\nHost: x\r\n\r\n",
    "POST / http/1.1\r\nHost: x\r\n\r\n",
    "POST /\r\nHost: x\r\n\r\n",
    "POST /ä HTTP/1.1\r\nHost: x\r\n\r\n",
    "P@ST / HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST / HTTP/1.1\nHost: x\r\n\r\n",
    " \r\n\r\n",
  ])
  func refused(_ text: String) {
    #expect(parse(text) == .failed(.badRequest))
  }

  @Test func limits() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\n"
    let many = String(repeating: "A: b\r\n", count: HeadParser.fieldsMax)
    #expect(parse(start + many + "\r\n") == .failed(.headersTooLarge))
    let long = start + "A: " + String(repeating: "b", count: 1024)
    #expect(parse(long + "\r\n\r\n", max: 1024) == .failed(.headersTooLarge))
    #expect(parse(long, max: 1024) == .failed(.headersTooLarge))
    #expect(parse(long + "\r\n\r\n", max: 2048) != .failed(.headersTooLarge))
  }

  /// However the bytes come in, the outcome is the same.
  @Test func everyCut() {
    let text = "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nA:\r\n\r\n"
    let bytes = Array(text.utf8)
    var fields: [RequestView.Field] = []
    for first in 1..<bytes.count {
      var searched = 0
      for end in [first, bytes.count - 1, bytes.count] where end >= first {
        let outcome = bytes[..<end].withUnsafeBytes {
          HeadParser(headerBytesMax: 1000).parse($0, searched: searched, into: &fields)
        }
        switch outcome {
        case .incomplete(let mark):
          #expect(end < bytes.count)
          searched = mark
        case .complete(let head): #expect(head.length == bytes.count)
        case .failed(let rejection): Issue.record("\(rejection) at \(first)")
        }
      }
    }
  }
}
