// Chunked bodies, whole and in every cut, and what is refused.

import Model
import Testing

@testable import ReceiverService

@Suite struct ChunkedDecoderTests {
  func decode(
    _ pieces: [String], max: Int = 1000
  ) -> (ChunkedDecoder.Outcome, body: String) {
    var decoder = ChunkedDecoder(bodyBytesMax: max)
    var outcome = ChunkedDecoder.Outcome.incomplete
    for piece in pieces {
      outcome = Array(piece.utf8).withUnsafeBytes { decoder.feed($0) }
      if outcome != .incomplete { break }
    }
    return (outcome, String(decoding: decoder.body, as: UTF8.self))
  }

  let wire = "4;ext=\"x\"\r\nWiki\r\n0A\r\n0123456789\r\n0\r\nTrailer: a\r\n\r\n"

  @Test func wholeAndWithARest() {
    let (outcome, body) = decode([wire + "POST"])
    #expect(outcome == .complete(taken: wire.utf8.count))
    #expect(body == "Wiki0123456789")
  }

  @Test func everyCut() {
    // By bytes: CR and LF together are one Character.
    let bytes = Array(wire.utf8)
    for cut in 1..<bytes.count {
      let pieces = [bytes[..<cut], bytes[cut...]].map { String(decoding: $0, as: UTF8.self) }
      let (outcome, body) = decode(pieces)
      #expect(outcome == .complete(taken: wire.utf8.count - cut))
      #expect(body == "Wiki0123456789")
    }
  }

  @Test(arguments: [
    "\r\n", "x\r\n", "-1\r\n", "4\nWiki", "4\r\nWikiX\r\n", "4\r\nWiki\n", " 4\r\n", "0x4\r\n",
    "4 5\r\nabcdX\r\n", ";x\r\n", "4 \r\nWiki", "4;a\rb\r\n", "4;\u{0}\r\n", "+4\r\n",
    "0\r\nA: b\rC\r\n",
  ])
  func malformed(_ text: String) { #expect(decode([text]).0 == .failed(.badRequest)) }

  @Test func limits() {
    #expect(decode(["a\r\n0123456789\r\n1\r\n"], max: 10).0 == .failed(.bodyTooLarge))
    #expect(decode(["b\r\n"], max: 10).0 == .failed(.bodyTooLarge))
    #expect(decode(["FFFFFFFF\r\n"]).0 == .failed(.bodyTooLarge))
    #expect(decode(["000000000000000001\r\n"]).0 == .failed(.bodyTooLarge))
    let line = "1;" + String(repeating: "x", count: ChunkedDecoder.lineBytesMax)
    #expect(decode([line]).0 == .failed(.badRequest))
    let trailers = "0\r\n" + String(repeating: "A: bcdefgh\r\n", count: 100)
    #expect(decode([trailers]).0 == .failed(.headersTooLarge))
  }
}
