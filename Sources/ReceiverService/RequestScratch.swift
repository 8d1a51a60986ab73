// A parsed head as the verifier wants it: bytes and places. One buffer a loop, used again and again.
import NIOCore
import NIOHTTP1
import Signatures

/// Not thread-safe; belongs to one event loop.
final class RequestScratch {
  private var bytes: [UInt8] = []
  private var fields: [RequestView.Field] = []

  init() {
    bytes.reserveCapacity(8192)
    fields.reserveCapacity(64)
  }

  /// Lends a view of the request for the length of the call.
  func withView<Result>(
    _ head: HTTPRequestHead, _ body: ByteBuffer, _ use: (RequestView) -> Result
  ) -> Result {
    bytes.removeAll(keepingCapacity: true)
    fields.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: head.method.rawValue.utf8)
    let methodEnd = bytes.count
    bytes.append(contentsOf: head.uri.utf8)
    let targetEnd = bytes.count
    for (name, value) in head.headers {
      let start = Int32(bytes.count)
      bytes.append(contentsOf: name.utf8)
      let middle = Int32(bytes.count)
      bytes.append(contentsOf: value.utf8)
      fields.append(RequestView.Field(name: start..<middle, value: middle..<Int32(bytes.count)))
    }
    return bytes.withUnsafeBytes { head in
      fields.withUnsafeBufferPointer { fields in
        body.withUnsafeReadableBytes { body in
          use(
            RequestView(
              method: UnsafeRawBufferPointer(rebasing: head[..<methodEnd]),
              target: UnsafeRawBufferPointer(rebasing: head[methodEnd..<targetEnd]),
              head: head, fields: fields, body: body))
        }
      }
    }
  }
}
