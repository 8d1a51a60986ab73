// What all event loops of one receiver share. Everything here is thread-safe.
import Model
import Settings
import Synchronization
import Telemetry

/// Limits, admission and the way to Kafka.
final class ReceiverShared: Sendable {
  let settings: ReceiverSettings
  let requestDeadlineMs: Int64
  let admission: Admission
  let publisher: any EventPublisher
  let metrics: ReceiverMetrics
  let envelopeIds: EnvelopeIds
  private let connections = Atomic<Int>(0)
  private let isDrainingFlag = Atomic<Bool>(false)

  init(settings: ReceiverSettings, publisher: any EventPublisher, metrics: ReceiverMetrics) {
    self.settings = settings
    requestDeadlineMs = Int64(settings.requestDeadlineMs)
    admission = Admission(
      requestsMax: settings.inFlightRequestsMax, bytesMax: settings.inFlightBytesMax)
    self.publisher = publisher
    self.metrics = metrics
    envelopeIds = EnvelopeIds()
  }

  /// True from the moment when no new request is taken any more.
  var isDraining: Bool { isDrainingFlag.load(ordering: .relaxed) }
  func startDraining() { isDrainingFlag.store(true, ordering: .relaxed) }

  var connectionCount: Int { connections.load(ordering: .relaxed) }

  /// Takes a connection in; false when it is one too many. `connectionClosed` follows either way.
  func connectionOpened() -> Bool {
    connections.wrappingAdd(1, ordering: .relaxed).newValue <= settings.connectionsMax
  }

  func connectionClosed() { connections.wrappingSubtract(1, ordering: .relaxed) }

  /// Seconds for Retry-After: jittered, so that refused senders do not come back together.
  static func retryAfterS() -> Int { Int.random(in: 1...5) }
}

/// Ids of requests: unique in this process by count, between processes by a random prefix.
final class EnvelopeIds: Sendable {
  private let prefix = String(UInt64.random(in: .min ... .max), radix: 36) + "-"
  private let next = Atomic<UInt64>(0)

  func make() -> String {
    prefix + String(next.wrappingAdd(1, ordering: .relaxed).newValue, radix: 36)
  }
}
