// A count of what librdkafka lent us and has not got back: a leaked handle hangs its shutdown.

import Synchronization

/// Live librdkafka objects (clients, queues, topics, lists, events) and boxes lent to it. Reads 0
/// when every client is closed.
package enum LiveHandles {
  private static let live = Atomic<Int>(0)

  package static var count: Int { live.load(ordering: .sequentiallyConsistent) }

  static func opened() { live.add(1, ordering: .relaxed) }
  static func closed() { live.subtract(1, ordering: .relaxed) }
}
