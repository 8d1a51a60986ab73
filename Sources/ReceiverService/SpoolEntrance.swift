// One source's way into the spool.

import Model

/// The way into the spool of one source.
final class SpoolEntrance: EventPublisher {
  private let spool: Spool
  private let source: Int

  init(spool: Spool, source: Int) {
    self.spool = spool
    self.source = source
  }

  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    spool.publish(source: source, key: key, value: value, headers: headers, ticket: ticket)
  }

  /// The spool is closed as a whole.
  func close(timeoutMs: Int) -> Int { 0 }
}
