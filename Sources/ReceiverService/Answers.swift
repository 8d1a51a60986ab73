// Answers as bytes, made once and sent many times.
import Model
import NIOCore

/// The bytes of each answer; rebuilt once a second for the Date header.
struct Answers {
  private let allocator: ByteBufferAllocator
  private var second: Int64 = -1
  private var date = ""
  private var accepted = ByteBuffer()

  init(allocator: ByteBufferAllocator) { self.allocator = allocator }

  static let continueBytes = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")

  /// 200 with an empty body, for a connection that stays open.
  mutating func accept(wallMs: Int64) -> ByteBuffer {
    refresh(wallMs)
    return accepted
  }

  /// `retryAfterS` goes out with 503 only.
  mutating func reject(
    _ rejection: Rejection, isClosing: Bool, retryAfterS: Int, wallMs: Int64
  ) -> ByteBuffer {
    refresh(wallMs)
    let body = rejection.message + "\n"
    var head = "HTTP/1.1 \(rejection.status) \(Self.phrase(rejection.status))\r\nDate: \(date)\r\n"
    head += "Content-Type: text/plain; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\n"
    if rejection == .methodNotAllowed { head += "Allow: POST\r\n" }
    if rejection.isOurs { head += "Retry-After: \(retryAfterS)\r\n" }
    if isClosing { head += "Connection: close\r\n" }
    return allocator.buffer(string: head + "\r\n" + body)
  }

  /// 200 that says good-bye: the connection closes after it.
  mutating func acceptAndClose(wallMs: Int64) -> ByteBuffer {
    refresh(wallMs)
    return allocator.buffer(
      string: "HTTP/1.1 200 OK\r\nDate: \(date)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
  }

  private mutating func refresh(_ wallMs: Int64) {
    let now = wallMs / 1000
    guard now != second else { return }
    second = now
    date = HTTPDate.text(secondsSinceEpoch: now)
    accepted = allocator.buffer(
      string: "HTTP/1.1 200 OK\r\nDate: \(date)\r\nContent-Length: 0\r\n\r\n")
  }

  private static func phrase(_ status: Int) -> String {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 408: "Request Timeout"
    case 413: "Content Too Large"
    case 431: "Request Header Fields Too Large"
    case 503: "Service Unavailable"
    default: "Refused"
    }
  }
}
