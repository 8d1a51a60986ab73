// What the whole process takes on at one time, over all event loops.

import Telemetry
import Settings
import Synchronization

/// Counts connections, requests and bytes against their limits. Any thread.
final class Admission: Sendable {
  private let connections = Atomic<Int>(0)
  private let requests = Atomic<Int>(0)
  private let bytes = Atomic<Int>(0)
  private let connectionsMax: Int
  private let requestsMax: Int
  private let bytesMax: Int
  private let metrics: ReceiverMetrics

  init(_ settings: ReceiverSettings, metrics: ReceiverMetrics) {
    connectionsMax = settings.connectionsMax
    requestsMax = settings.inFlightRequestsMax
    bytesMax = settings.inFlightBytesMax
    self.metrics = metrics
  }

  var requestsInFlight: Int { requests.load(ordering: .acquiring) }
  var bytesInFlight: Int { bytes.load(ordering: .acquiring) }
  var connectionsOpen: Int { connections.load(ordering: .acquiring) }

  func admitConnection() -> Bool {
    let before = connections.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
    guard before < connectionsMax else {
      connections.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      metrics.connectionsRefused.add()
      return false
    }
    metrics.connections.set(before + 1)
    return true
  }

  func connectionClosed() {
    let left = connections.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    metrics.connections.set(left)
  }

  /// One more request with so many bytes of body to begin with.
  func admitRequest(bytes count: Int) -> Bool {
    let before = requests.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
    guard before < requestsMax else {
      requests.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      return false
    }
    guard admitBytes(count) else {
      requests.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      return false
    }
    metrics.inFlightRequests.set(before + 1)
    return true
  }

  /// More bytes of a request that was admitted, for bodies that do not announce their length.
  func admitBytes(_ count: Int) -> Bool {
    let sum = bytes.wrappingAdd(count, ordering: .acquiringAndReleasing).newValue
    guard sum <= bytesMax else {
      bytes.wrappingSubtract(count, ordering: .acquiringAndReleasing)
      return false
    }
    metrics.inFlightBytes.set(sum)
    return true
  }

  func requestEnded(bytes count: Int) {
    metrics.inFlightRequests.set(
      requests.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue)
    metrics.inFlightBytes.set(
      bytes.wrappingSubtract(count, ordering: .acquiringAndReleasing).newValue)
  }
}
