// Delivery reports come in batches on librdkafka's poll thread; each event loop gets its part with
// one wake-up. One wake-up a message is what costs most.
import Kafka
import Model
import NIOCore
import Synchronization

/// Hands delivery reports to the event loops that wait for them.
final class DeliveryRouter: Sendable {
  /// What an event loop needs of a report.
  struct Report: Sendable {
    let slot: UInt32
    /// Nil: Kafka has the event.
    let rejection: Rejection?
  }

  private struct Shard: Sendable {
    let eventLoop: any EventLoop
    let bound: NIOLoopBound<LoopShard>
  }

  private let shards = Mutex<[Shard]>([])

  /// To be called before the first event is published, on no event loop.
  func add(_ bound: NIOLoopBound<LoopShard>, on eventLoop: any EventLoop) {
    shards.withLock { $0.append(Shard(eventLoop: eventLoop, bound: bound)) }
  }

  /// Forgets the shards: they hold the handlers, which hold this.
  func removeAll() { shards.withLock { $0 = [] } }

  /// Called on the poll thread with each batch.
  func route(_ deliveries: [Delivery]) {
    let shards = shards.withLock { $0 }
    var parts = [[Report]](repeating: [], count: shards.count)
    for delivery in deliveries {
      let index = Int(delivery.ticket >> 32)
      guard index < parts.count else { continue }
      parts[index].append(
        Report(
          slot: UInt32(truncatingIfNeeded: delivery.ticket),
          rejection: delivery.error.map(Self.rejection)))
    }
    for (shard, reports) in zip(shards, parts) where !reports.isEmpty {
      shard.eventLoop.execute { shard.bound.value.delivered(reports) }
    }
  }

  static func rejection(_ error: KafkaError) -> Rejection {
    switch error.code {
    case .queueFull: .kafkaQueueFull
    case .messageTimedOut, .timedOut, .timedOutInQueue, .requestTimedOut: .kafkaTimeout
    default: .kafkaRefused
    }
  }
}
