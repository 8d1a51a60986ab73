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
  /// Requests above, bytes below `bytesBits`: both change at once.
  private let load = Atomic<Int>(0)
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

  /// A terabyte; no count of bytes comes near.
  private static let bytesBits = 40
  private static let oneRequest = 1 << bytesBits

  private static func requests(_ load: Int) -> Int { load >> bytesBits }
  private static func bytes(_ load: Int) -> Int { load & (oneRequest - 1) }

  var requestsInFlight: Int { Self.requests(load.load(ordering: .acquiring)) }
  var bytesInFlight: Int { Self.bytes(load.load(ordering: .acquiring)) }
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
  var isFull: Bool { Self.requests(load.load(ordering: .relaxed)) >= requestsMax }

  /// One more request, whose body is complete; those that are still being sent are bounded by
  /// connections and bytes, so that slow senders do not take the place of others.
  func admitRequest() -> Bool { admit(Self.oneRequest) }

  /// More bytes of a body, as they come; with the request itself when that makes it complete.
  func admitBytes(_ count: Int, andRequest isComplete: Bool = false) -> Bool {
    admit(isComplete ? Self.oneRequest + count : count)
  }

  private func admit(_ more: Int) -> Bool {
    let sum = load.wrappingAdd(more, ordering: .acquiringAndReleasing).newValue
    // What is not asked for is not looked at: others may be above their limit for a moment.
    guard Self.bytes(more) == 0 || Self.bytes(sum) <= bytesMax,
      more < Self.oneRequest || Self.requests(sum) <= requestsMax
    else {
      load.wrappingSubtract(more, ordering: .acquiringAndReleasing)
      return false
    }
    publish(sum)
    return true
  }

  /// A request that ends without having waited for Kafka.
  func end(_ request: RequestUnderWay) {
    release(request.isAdmitted ? Self.oneRequest + request.admittedBytes : request.admittedBytes)
  }

  func requestEnded(bytes count: Int) { release(Self.oneRequest + count) }

  private func release(_ less: Int) {
    publish(load.wrappingSubtract(less, ordering: .acquiringAndReleasing).newValue)
  }

  private func publish(_ load: Int) {
    metrics.inFlightRequests.set(Self.requests(load))
    metrics.inFlightBytes.set(Self.bytes(load))
  }
}
