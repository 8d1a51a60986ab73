// A topic looked up once, so that producing to it costs no look-up.

/// One topic of one producer; of use until that producer is closed. Any thread.
package struct ProducerTopic: Sendable {
  package let name: String
  let pointer: SharedPointer
  /// Of the producer that made it.
  let owner: ObjectIdentifier
}
