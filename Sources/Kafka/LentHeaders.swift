// Headers on their way into librdkafka, wherever they are kept.

package import Model

/// A record's headers, lent for the length of a call.
package struct LentHeaders {
  let bytes: UnsafeRawBufferPointer
  let spans: UnsafeBufferPointer<HeaderList.Span>

  /// `spans` lie within `bytes`.
  package init(bytes: UnsafeRawBufferPointer, spans: UnsafeBufferPointer<HeaderList.Span>) {
    self.bytes = bytes
    self.spans = spans
  }

  package static func with<Result>(
    _ headers: HeaderList, _ body: (LentHeaders) -> Result
  ) -> Result {
    headers.storage.withUnsafeBytes { bytes in
      headers.spans.withUnsafeBufferPointer { body(LentHeaders(bytes: bytes, spans: $0)) }
    }
  }
}
