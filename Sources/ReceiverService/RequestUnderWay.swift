// The request that a connection reads or waits for.

import NIOCore

/// Confined to the connection's event loop. It keeps the source that it began with, also when the
/// configuration changes under way.
struct RequestUnderWay {
  let head: RequestHead
  let source: SourceGuard
  /// Only of a chunked body, whose head is kept apart from the bytes that stream by.
  var chunked: (head: ByteBuffer, decoder: ChunkedDecoder)?
  var admittedBytes: Int
  /// Only where somebody asks for it.
  var origin: RequestOrigin?
  var isContinueSent = false
}
