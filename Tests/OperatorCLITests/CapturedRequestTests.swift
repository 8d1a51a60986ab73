// Requests as people write them down.
import Signatures
import Testing

@testable import OperatorCLI

@Suite struct CapturedRequestTests {
  static let wire =
    "POST /hooks/crm?a=1 HTTP/1.1\r\nHost: h:8080\r\nX-Sig:  abc \r\n\r\n{\"a\":1}\r\n"

  @Test(arguments: [
    wire,
    "> "
      + wire.replacing("\r\nX", with: "\r\n> X").replacing("\r\nHost", with: "\r\n> Host")
      .replacing("\r\n\r\n", with: "\r\n>\r\n"),
  ])
  func asItWentOverTheWire(_ text: String) throws {
    let request = try CapturedRequest.parse(Array(text.utf8))
    #expect(request.method == "POST")
    #expect(request.target == "/hooks/crm?a=1")
    #expect(request.headers.map { "\($0.0)=\($0.1)" } == ["Host=h:8080", "X-Sig=abc"])
    // The body is kept to the byte.
    #expect(request.body == Array("{\"a\":1}\r\n".utf8))
  }

  @Test func asJSON() throws {
    let text = #"""
      {"url": "https://h.example.com/hooks/crm?a=1", "headers": {"X-Sig": "abc"},
       "body_base64": "eyJhIjoxfQo="}
      """#
    let request = try CapturedRequest.parse(Array(text.utf8))
    #expect(request.method == "POST")
    #expect(request.target == "/hooks/crm?a=1")
    #expect(request.header("host") == "h.example.com")
    #expect(request.body == Array("{\"a\":1}\n".utf8))
  }

  @Test(arguments: ["", "hello", "{\"a\":1}", "POST / HTTP/1.1\nno header\n\n"])
  func whatIsNoRequestSaysSo(_ text: String) {
    #expect(throws: CommandError.self) { try CapturedRequest.parse(Array(text.utf8)) }
  }
}
