// The producer's reports are served on an event loop, not on a thread beside it: what was allocated
// for a record there is freed there, and a batch of reports costs one wake-up, not two.

import Kafka
import NIOCore
import Synchronization

/// Has one loop serve a producer whenever it has something. Any thread.
final class LoopServing: Sendable {
  private let loop: any EventLoop
  private let isScheduled = Atomic<Bool>(false)
  /// Nil before `begin` and after `end`.
  private let producer = Mutex<Producer?>(nil)

  init(_ loop: any EventLoop) { self.loop = loop }

  /// What woke it before is served now.
  func begin(_ producer: Producer) {
    self.producer.withLock { $0 = producer }
    wake()
  }

  func end() { producer.withLock { $0 = nil } }

  /// Called inside librdkafka: must not call it.
  func wake() {
    guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
    loop.execute { self.serve() }
  }

  private func serve() {
    // First, so that what comes from here on wakes again.
    isScheduled.store(false, ordering: .sequentiallyConsistent)
    if producer.withLock({ $0 })?.serve() == true { wake() }
  }
}
