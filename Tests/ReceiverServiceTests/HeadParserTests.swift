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

  /// Long values are read eight bytes at a time: no byte is overlooked, wherever it stands.
  @Test(arguments: 0..<24)
  func everyByteOfAValueIsLookedAt(place: Int) {
    for byte in UInt8.min...UInt8.max {
      var value = [UInt8](repeating: UInt8(ascii: "v"), count: 24)
      value[place] = byte
      let bytes = Array("POST / HTTP/1.1\r\nHost: x\r\nX-A: ".utf8) + value + Array("\r\n\r\n".utf8)
      var fields: [RequestView.Field] = []
      let outcome = bytes.withUnsafeBytes {
        HeadParser(headerBytesMax: 1000).parse($0, searched: 0, into: &fields)
      }
      // A single byte of 0x80 or more is never UTF-8.
      let isText = byte == 0x09 || (0x20..<0x7F).contains(byte)
      if isText {
        guard case .complete = outcome else {
          Issue.record("byte \(byte) at \(place): \(outcome)")
          continue
        }
        #expect(fields.count == 2)
      } else {
        #expect(outcome == .failed(.badRequest), "byte \(byte) at \(place)")
      }
    }
  }

  /// The same of names, where RFC 9110 knows fewer characters.
  @Test(arguments: 0..<24)
  func everyByteOfANameIsLookedAt(place: Int) {
    let tokens = Set("!#$%&'*+-.^_`|~".utf8)
    for byte in UInt8.min...UInt8.max {
      var name = Array("Abc-defghijk-Zyxwvut-AZaz".utf8.prefix(24))
      name[place] = byte
      let bytes = Array("POST / HTTP/1.1\r\nHost: x\r\n".utf8) + name + Array(": v\r\n\r\n".utf8)
      var fields: [RequestView.Field] = []
      let outcome = bytes.withUnsafeBytes {
        HeadParser(headerBytesMax: 1000).parse($0, searched: 0, into: &fields)
      }
      let scalar = Unicode.Scalar(byte)
      let isToken =
        tokens.contains(byte) || ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar)
        || ("0"..."9").contains(scalar)
      // A colon ends the name there.
      let length = byte == UInt8(ascii: ":") ? place : 24
      guard isToken || byte == UInt8(ascii: ":") && place > 0 else {
        #expect(outcome == .failed(.badRequest), "byte \(byte) at \(place)")
        continue
      }
      #expect(fields.last?.name.count == length, "byte \(byte) at \(place): \(outcome)")
    }
  }

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
    let many = String(repeating: "A: b\r\n", count: 100)
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

extension HeadParserTests {
  @Test func contentEncodings() {
    func coding(_ lines: String) -> RequestHead.Coding? {
      head("POST / HTTP/1.1\r\nHost: x\r\n\(lines)\r\n")?.coding
    }
    #expect(coding("") == .identity)
    #expect(coding("Content-Encoding: \r\n") == .identity)
    #expect(coding("Content-Encoding: Identity\r\n") == .identity)
    #expect(coding("content-ENCODING: GZip\r\n") == .gzip)
    #expect(coding("Content-Encoding: x-gzip\r\n") == .gzip)
    #expect(coding("Content-Encoding: deflate\r\n") == .deflate)
    #expect(coding("Content-Encoding: br\r\n") == .unsupported)
    #expect(coding("Content-Encoding: gzip, gzip\r\n") == .unsupported)
    #expect(coding("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n") == .unsupported)
    #expect(coding("Content-Encoding: identity\r\nContent-Encoding: gzip\r\n") == .unsupported)
  }

  @Test func valuesAreUTF8() {
    let start = Array("POST / HTTP/1.1\r\nHost: x\r\nA: ".utf8)
    let end = Array("\r\n\r\n".utf8)
    func outcome(_ value: [UInt8]) -> HeadParser.Outcome {
      var fields: [RequestView.Field] = []
      return (start + value + end).withUnsafeBytes {
        HeadParser(headerBytesMax: 1000).parse($0, searched: 0, into: &fields)
      }
    }
    for value in [[0xC3, 0xA4], [0xE2, 0x82, 0xAC], [0xF0, 0x9F, 0x98, 0x80]] as [[UInt8]] {
      guard case .complete = outcome(value) else {
        Issue.record("\(value) was refused")
        continue
      }
    }
    // Latin-1, a cut character, an overlong slash, a surrogate, beyond Unicode.
    for value in [
      [0xE4], [0xE2, 0x82], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0x80],
      [0xFF],
    ] as [[UInt8]] {
      #expect(outcome(value) == .failed(.badRequest), "\(value)")
    }
  }

  @Test(arguments: [
    "http://x/hooks/crm", "https://x/", "*", "x:443", "hooks/crm", "?a", "//", "/a#b",
  ])
  func targets(_ target: String) {
    let outcome = parse("POST \(target) HTTP/1.1\r\nHost: x\r\n\r\n")
    if target.hasPrefix("/") {
      // A path that no source has: the route look-up says so.
      guard case .complete = outcome else {
        Issue.record("\(outcome)")
        return
      }
    } else {
      #expect(outcome == .failed(.badRequest))
    }
  }

  @Test func theCountOfFieldsIsASetting() {
    let start = "POST / HTTP/1.1\r\nHost: x\r\n"
    var fields: [RequestView.Field] = []
    for (count, isGood) in [(7, true), (8, false)] {
      let text = start + String(repeating: "A: b\r\n", count: count) + "\r\n"
      let outcome = Array(text.utf8).withUnsafeBytes {
        HeadParser(headerBytesMax: 1000, fieldsMax: 8).parse($0, searched: 0, into: &fields)
      }
      #expect((outcome != .failed(.headersTooLarge)) == isGood)
    }
  }
}
