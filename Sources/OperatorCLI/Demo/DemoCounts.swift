// What the demo's live view shows, counted as it happens.
import ConsumerService
import Model
import Synchronization

/// Counts of one demo run, fed by the sandbox's sender and the consumer's observer.
final class DemoCounts: Sendable {
  struct Values: Sendable, Equatable {
    /// Webhook requests answered 2xx, and the events in them.
    var acceptedRequests = 0
    var acceptedEvents = 0
    /// Deliveries that the receiver refused and that were sent again.
    var refusedRequests = 0
    /// Events handed to the network, repeats included.
    var sentEvents = 0
    var received = 0
    var fetched = 0
    var written = 0
    var gone = 0
    var superseded = 0
    var duplicates = 0
    var skipped = 0
    var retried = 0
    var deadLettered = 0

    /// Events that the consumer has come to an end with.
    var ended: Int { written + gone + superseded + duplicates + skipped + deadLettered }
    /// Accepted by the receiver and not ended.
    var inFlight: Int { max(0, acceptedEvents - ended) }
  }

  private let values = Mutex(Values())

  var current: Values { values.withLock { $0 } }

  func update(_ change: (inout Values) -> Void) { values.withLock { change(&$0) } }

  /// Takes the consumer's progress; called on its owner thread.
  func note(_ progress: ConsumerProgress) {
    update { values in
      switch progress {
      case .received(let count): values.received += count
      case .fetched: values.fetched += 1
      case .retried: values.retried += 1
      case .deadLettered: values.deadLettered += 1
      case .finished(_, let outcome):
        switch outcome {
        case .written: values.written += 1
        case .gone: values.gone += 1
        case .superseded: values.superseded += 1
        case .duplicate: values.duplicates += 1
        case .skipped: values.skipped += 1
        case .failed: break
        }
      case .assigned, .revoked, .committed, .parked: break
      }
    }
  }
}
