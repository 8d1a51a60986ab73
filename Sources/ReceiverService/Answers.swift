// The bytes of answers. The good one is kept by its source for a second; the rest are rare.

import Glibc
import Model
import NIOCore
import Providers

/// Makes answers. Confined to one event loop.
final class Answers {
  private let allocator = ByteBufferAllocator()
  private var date = ""
  private var dateSecond: Int64 = -1

  static let `continue` = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

  /// `retryAfterS` is used only for refusals that are ours; `isEmpty`: for providers that want no
  /// word.
  func rejected(
    _ rejection: Rejection, closes: Bool, hasBody: Bool = true, isEmpty: Bool = false,
    retryAfterS: Int, wallMs: Int64
  ) -> ByteBuffer {
    var extra = ""
    if rejection.hasRetryAfter { extra += "Retry-After: \(retryAfterS)\r\n" }
    if rejection == .methodNotAllowed { extra += "Allow: POST\r\n" }
    if rejection == .unsupportedEncoding { extra += "Accept-Encoding: gzip, deflate\r\n" }
    return bytes(
      AnswerOutline(refused: rejection, isEmpty: isEmpty), closes: closes, hasBody: hasBody,
      extra: extra, wallMs: wallMs)
  }

  /// `hasBody` false: to HEAD the body is announced and not sent.
  func bytes(
    _ outline: AnswerOutline, closes: Bool, hasBody: Bool = true, extra: String = "",
    wallMs: Int64
  ) -> ByteBuffer {
    refresh(wallMs)
    var head = "HTTP/1.1 \(outline.status) \(Self.phrase(outline.status))\r\nDate: \(date)\r\n"
    head += extra
    if closes { head += "Connection: close\r\n" }
    if !outline.body.isEmpty { head += "Content-Type: \(outline.contentType)\r\n" }
    // What is echoed must not be taken for a document.
    if outline.isEcho { head += "X-Content-Type-Options: nosniff\r\n" }
    head += "Content-Length: \(outline.body.count)\r\n\r\n"
    var bytes = allocator.buffer(capacity: head.utf8.count + outline.body.count)
    bytes.writeString(head)
    if hasBody { bytes.writeBytes(outline.body) }
    return bytes
  }

  /// Senders that were refused together must not come back together.
  static func retryAfterS() -> Int { Int.random(in: 1...5) }

  private func refresh(_ wallMs: Int64) {
    let second = wallMs / 1000
    guard second != dateSecond else { return }
    dateSecond = second
    var time = time_t(second)
    var parts = tm()
    gmtime_r(&time, &parts)
    var text = [CChar](repeating: 0, count: 40)
    // The programs never call setlocale, so the names are English.
    let count = strftime(&text, text.count, "%a, %d %b %Y %H:%M:%S GMT", &parts)
    date = String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func phrase(_ status: Int) -> String {
    switch status {
    case 200: "OK"
    case 202: "Accepted"
    case 204: "No Content"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 503: "Service Unavailable"
    default: "Status"
    }
  }
}
