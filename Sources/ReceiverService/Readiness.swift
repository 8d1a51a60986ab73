// Whether a load balancer should send requests here. Read by probes, so it only looks at what is
// known already.

import AdminServer
import Kafka
import Synchronization

/// Starts as not ready. Any thread.
final class Readiness: Sendable {
  private struct Known {
    var brokers = HealthState.failing("no broker reached yet")
    var producer = HealthState.ok
    var isShuttingDown = false
  }

  private let known = Mutex(Known())
  private let admission: Admission
  private let requestsHighWater: Int
  private let isKafkaSlow = Atomic<Bool>(false)
  /// Without Kafka, events of some source can still be kept: to be unready would lose them.
  private let canSpool = Atomic<Bool>(false)

  init(_ admission: Admission, requestsMax: Int) {
    self.admission = admission
    requestsHighWater = requestsMax - requestsMax / 10
  }

  var state: HealthState {
    let known = known.withLock { $0 }
    if known.isShuttingDown { return .failing("shutting down") }
    if case .failing = known.producer { return known.producer }
    if case .failing = known.brokers, !canSpool.load(ordering: .relaxed) { return known.brokers }
    if isKafkaSlow.load(ordering: .relaxed), !canSpool.load(ordering: .relaxed) {
      return .failing("Kafka does not keep up")
    }
    if admission.requestsInFlight >= requestsHighWater { return .failing("too many requests") }
    return .ok
  }

  /// False only when a restart is the one thing that helps.
  var liveness: HealthState { known.withLock { $0.producer } }

  var areBrokersUp: Bool { known.withLock { $0.brokers == .ok } }

  func brokers(_ state: HealthState) { known.withLock { $0.brokers = state } }

  func kafka(isSlow: Bool) { isKafkaSlow.store(isSlow, ordering: .relaxed) }

  func spool(hasRoom: Bool) { canSpool.store(hasRoom, ordering: .relaxed) }

  func shutDown() { known.withLock { $0.isShuttingDown = true } }

  /// From whoever serves the producer.
  func note(_ event: ClientEvent) {
    guard case .failure(let error) = event else { return }
    if error.isFatal {
      known.withLock { $0.producer = .failing("the Kafka producer failed: \(error)") }
    } else if error.code == .allBrokersDown {
      brokers(.failing("no broker can be reached"))
    }
  }
}
