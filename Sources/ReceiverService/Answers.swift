// The bytes of answers. The good one is made once a second and shared; the rest are rare.

import Glibc
import Model
import NIOCore

/// Makes answers. Confined to one event loop.
final class Answers {
  private let allocator = ByteBufferAllocator()
  private var date = ""
  private var dateSecond: Int64 = -1
  /// By status; all for the current second.
  private var accepted: [(status: Int, bytes: ByteBuffer)] = []

  static let `continue` = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

  /// The empty answer of a request that is stored.
  func accepted(status: Int, closes: Bool, wallMs: Int64) -> ByteBuffer {
    refresh(wallMs)
    if !closes, let known = accepted.first(where: { $0.status == status }) { return known.bytes }
    let bytes = allocator.buffer(
      string: "HTTP/1.1 \(status) \(Self.phrase(status))\r\nDate: \(date)\r\n"
        + "\(closes ? "Connection: close\r\n" : "")Content-Length: 0\r\n\r\n")
    if !closes { accepted.append((status, bytes)) }
    return bytes
  }

  /// `retryAfterS` is used only for refusals that are ours.
  func rejected(
    _ rejection: Rejection, closes: Bool, hasBody: Bool = true, retryAfterS: Int, wallMs: Int64
  ) -> ByteBuffer {
    refresh(wallMs)
    let body = rejection.message + "\n"
    var head = "HTTP/1.1 \(rejection.status) \(Self.phrase(rejection.status))\r\nDate: \(date)\r\n"
    if rejection.hasRetryAfter { head += "Retry-After: \(retryAfterS)\r\n" }
    if rejection == .methodNotAllowed { head += "Allow: POST\r\n" }
    if rejection == .unsupportedEncoding { head += "Accept-Encoding: gzip, deflate\r\n" }
    if closes { head += "Connection: close\r\n" }
    head += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
    return allocator.buffer(string: hasBody ? head + body : head)
  }

  /// Senders that were refused together must not come back together.
  static func retryAfterS() -> Int { Int.random(in: 1...5) }

  private func refresh(_ wallMs: Int64) {
    let second = wallMs / 1000
    guard second != dateSecond else { return }
    dateSecond = second
    accepted.removeAll(keepingCapacity: true)
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
