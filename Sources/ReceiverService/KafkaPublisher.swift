// Events into the events topic.

import Kafka
package import Model
package import Providers
import Settings
import NIOCore
import Synchronization

/// An idempotent producer on the events topic.
package final class KafkaPublisher: EventPublisher {
  private let producer: Producer
  private let acknowledged = Acknowledged()
  private let topic: ProducerTopic
  /// Nil when none are kept: to ask for a topic may create it.
  private let rejects: ProducerTopic?
  /// Of records that nobody waits for.
  private static let noTicket: UInt64 = 1 << 63 - 1

  /// `onReports` and `onEvent` are called on `loop`, once a batch, and while it closes on a thread
  /// of the producer's. Connects in the background.
  init(
    _ configuration: Configuration, on loop: any EventLoop,
    onReports: @escaping @Sendable ([PublishReport]) -> Void,
    onEvent: @escaping @Sendable (ClientEvent) -> Void
  ) throws(KafkaError) {
    // Kept for its memory: a new array for each batch is what makes malloc tidy its free lists.
    let batch = ReportBatch()
    producer = try Producer(
      Self.options(configuration),
      onDeliveries: { [acknowledged, batch] deliveries in
        acknowledged.add(deliveries.count { $0.error == nil })
        batch.withLock { reports in
          for delivery in deliveries where delivery.ticket != Self.noTicket {
            reports.append(
              PublishReport(
                ticket: delivery.ticket, rejection: delivery.error.map(Self.rejection)))
          }
          onReports(reports)
          reports.removeAll(keepingCapacity: true)
        }
      }, onEvent: onEvent, schedule: { loop.execute($0) })
    topic = try producer.topic(configuration.kafka.eventsTopic)
    rejects =
      configuration.receiver.rejectsPerMinuteMax > 0
      ? try producer.topic(configuration.kafka.rejectsTopic) : nil
  }

  package func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    LentHeaders.with(headers) { headers in
      guard let key else { return publish(nil, value, headers, nil, ticket) }
      return key.withUnsafeBytes { publish($0, value, headers, nil, ticket) }
    }
  }

  package func publish(
    _ event: EventDraft, value: UnsafeRawBufferPointer, ticket: UInt64
  ) -> Rejection? {
    // The record's time is when its event came, which saves a look at the clock.
    publish(
      event.key, value, LentHeaders(bytes: event.bytes, spans: event.spans), event.receivedAtMs,
      ticket)
  }

  private func publish(
    _ key: UnsafeRawBufferPointer?, _ value: UnsafeRawBufferPointer, _ headers: LentHeaders,
    _ timestampMs: Int64?, _ ticket: UInt64
  ) -> Rejection? {
    do throws(KafkaError) {
      try producer.produce(
        to: topic, key: key, value: value, headers: headers, timestampMs: timestampMs,
        ticket: ticket)
      return nil
    } catch {
      return Self.rejection(error)
    }
  }

  package var figures: PublisherFigures {
    PublisherFigures(queued: producer.queuedMessages, acknowledged: acknowledged.count)
  }

  package func close(timeoutMs: Int) -> Int {
    producer.close(timeoutMs: Int32(clamping: timeoutMs))
  }

  static func rejection(_ error: KafkaError) -> Rejection {
    switch error.kind {
    case .queueFull: .kafkaQueueFull
    case .timeout: .kafkaTimeout
    case .closed, .purged: .shuttingDown
    case .unreachable, .replicas, .leadership, .coordinator, .membership, .tooLarge, .unknownTopic,
      .offset, .authorization, .exists, .configuration, .storage, .other:
      .kafkaRefused
    }
  }

  static func options(_ configuration: Configuration) -> ProducerOptions {
    let receiver = configuration.receiver
    return ProducerOptions(
      bootstrapServers: configuration.kafka.bootstrapServers, clientId: "hookferry-receiver",
      lingerMs: receiver.lingerMs, requestsMax: receiver.produceRequestsMax,
      messageTimeoutMs: receiver.messageTimeoutMs,
      socketTimeoutMs: receiver.socketTimeoutMs,
      // Admission bounds the bodies; each event adds its headers to that.
      queueKbytesMax: max(1024, receiver.inFlightBytesMax / 512),
      statisticsIntervalMs: 5000,
      extra: configuration.kafka.properties.mapValues { $0.reveal() })
  }
}

/// Empty between two batches.
private final class ReportBatch: Sendable {
  private let reports = Mutex<[PublishReport]>([])

  func withLock(_ body: (inout [PublishReport]) -> Void) { reports.withLock { body(&$0) } }
}

/// A count that the producer's thread raises and others read.
private final class Acknowledged: Sendable {
  private let stored = Atomic<Int>(0)

  var count: Int { stored.load(ordering: .relaxed) }

  func add(_ more: Int) { stored.wrappingAdd(more, ordering: .relaxed) }
}

extension KafkaPublisher: RejectStore {
  func store(key: String, value: [UInt8], headers: HeaderList) -> Bool {
    guard let rejects else { return false }
    do throws(KafkaError) {
      try producer.produce(
        to: rejects, key: Array(key.utf8), value: value, headers: headers, ticket: Self.noTicket)
      return true
    } catch {
      return false
    }
  }
}
