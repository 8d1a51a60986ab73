// One source's way into the spool.

import Model

/// The way into the spool of one source.
struct SpoolEntrance: EventPublisher {
  let spool: Spool
  let source: Int

  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    spool.publish(source: source, key: key, value: value, headers: headers, ticket: ticket)
  }

  /// The spool is closed as a whole.
  func close(timeoutMs: Int) -> Int { 0 }
}
