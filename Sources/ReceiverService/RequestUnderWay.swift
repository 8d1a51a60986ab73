// The request that a connection reads or waits for.

import NIOCore

/// Confined to the connection's event loop. It keeps the source that it began with, also when the
/// configuration changes under way. A class: it is looked at in every step of a request.
final class RequestUnderWay {
  let head: RequestHead
  let source: SourceGuard
  /// Only of a chunked body, whose head is kept apart from the bytes that stream by.
  var chunked: (head: ByteBuffer, decoder: ChunkedDecoder)?
  /// Of the body, as far as it has come, and of what it inflated to.
  var admittedBytes: Int
  /// Counted among the requests in flight: its body is complete.
  var isAdmitted: Bool
  /// Only where somebody asks for it.
  var origin: RequestOrigin?
  var isContinueSent = false

  init(
    head: RequestHead, source: SourceGuard, admittedBytes: Int, isAdmitted: Bool,
    origin: RequestOrigin?
  ) {
    self.isAdmitted = isAdmitted
    self.head = head
    self.source = source
    self.admittedBytes = admittedBytes
    self.origin = origin
  }
}
