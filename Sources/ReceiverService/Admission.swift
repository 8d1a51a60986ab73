// What the whole process takes on at one time, over all event loops.

import Model
import NIOCore
import Telemetry
import Settings
import Synchronization

/// Counts connections, requests and bytes against their limits. Any thread.
final class Admission: Sendable {
  let addresses: AddressCount
  private let connections = Atomic<Int>(0)
  private let requests = Atomic<Int>(0)
  private let bytes = Atomic<Int>(0)
  private let connectionsMax: Int
  private let requestsMax: Int
  private let bytesMax: Int
  private let metrics: ReceiverMetrics

  init(_ settings: ReceiverSettings, metrics: ReceiverMetrics) {
    addresses = AddressCount(settings)
    connectionsMax = settings.connectionsMax
    requestsMax = settings.inFlightRequestsMax
    bytesMax = settings.inFlightBytesMax
    self.metrics = metrics
  }

  var requestsInFlight: Int { requests.load(ordering: .acquiring) }
  var bytesInFlight: Int { bytes.load(ordering: .acquiring) }
  var connectionsOpen: Int { connections.load(ordering: .acquiring) }

  /// Of a connection that is refused nothing need be given back.
  func admitConnection(_ channel: any Channel) -> AddressCount.Place {
    let place = addresses.admit(channel)
    guard case .taken(let address) = place else {
      metrics.connectionsRefused.add()
      return .refused
    }
    guard admitConnection() else {
      if let address { addresses.leave(address) }
      return .refused
    }
    return place
  }

  /// One more connection of nobody in particular.
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

  func connectionClosed(from address: IPAddress?) {
    if let address { addresses.leave(address) }
    let left = connections.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
    metrics.connections.set(left)
  }

  /// No further request would be admitted at this moment.
  var isFull: Bool { requests.load(ordering: .relaxed) >= requestsMax }

  /// One more request, whose body is complete; those that are still being sent are bounded by
  /// connections and bytes, so that slow senders do not take the place of others.
  func admitRequest() -> Bool {
    let before = requests.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
    guard before < requestsMax else {
      requests.wrappingSubtract(1, ordering: .acquiringAndReleasing)
      return false
    }
    metrics.inFlightRequests.set(before + 1)
    return true
  }

  /// More bytes of a body, as they come.
  func admitBytes(_ count: Int) -> Bool {
    let sum = bytes.wrappingAdd(count, ordering: .acquiringAndReleasing).newValue
    guard sum <= bytesMax else {
      bytes.wrappingSubtract(count, ordering: .acquiringAndReleasing)
      return false
    }
    metrics.inFlightBytes.set(sum)
    return true
  }

  /// A request that ends without having waited for Kafka.
  func end(_ request: RequestUnderWay) {
    if request.isAdmitted { return requestEnded(bytes: request.admittedBytes) }
    metrics.inFlightBytes.set(
      bytes.wrappingSubtract(request.admittedBytes, ordering: .acquiringAndReleasing).newValue)
  }

  func requestEnded(bytes count: Int) {
    metrics.inFlightRequests.set(
      requests.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue)
    metrics.inFlightBytes.set(
      bytes.wrappingSubtract(count, ordering: .acquiringAndReleasing).newValue)
  }
}
