// Events as the receiver would publish them, with ids that are known beforehand.

package import Kafka
package import Model
package import Sandbox
import Synchronization

/// Makes changes at the API and publishes what tells of them. One task at a time.
package final class EventFeed: Sendable {
  /// Says what a record of the topic is; consumers ignore it.
  static let kindHeader = "chaos-kind"
  static let idHeader = "chaos-id"
  static let tenant = "62515"

  /// A change as the API made it.
  package struct Made: Sendable {
    package let key: RecordKey
    package let versionMs: Int64
    package let isDelete: Bool
  }

  /// What became of the events so far.
  private struct State {
    /// By ticket.
    var ids: [String] = []
    var acknowledged: Set<String> = []
    /// Records, repeats included.
    var stored = 0
    var failures: [String] = []
    /// How many states of this version the API has shown of a record.
    var states: StateCounts = [:]
  }

  package typealias StateCounts = [RecordKey: [Int64: Int]]

  /// Shared with the producer's thread.
  private final class Ledger: Sendable {
    let state = Mutex(State())

    func take(_ deliveries: [Delivery]) {
      state.withLock { state in
        for delivery in deliveries {
          let id = state.ids[Int(delivery.ticket)]
          if let error = delivery.error {
            state.failures.append("\(id): \(error)")
          } else {
            state.acknowledged.insert(id)
            state.stored += 1
          }
        }
      }
    }
  }

  private let ledger = Ledger()
  private let producer: Producer
  private let topic: ProducerTopic
  private let sandbox: SandboxServer

  package init(
    bootstrapServers: String, sandbox: SandboxServer, extra: [String: String] = [:]
  ) throws(KafkaError) {
    self.sandbox = sandbox
    let ledger = ledger
    producer = try Producer(
      ProducerOptions(
        bootstrapServers: bootstrapServers, clientId: "chaos-feed", lingerMs: 2,
        messageTimeoutMs: 60_000, socketTimeoutMs: 1500, queueMessagesMax: 1_000_000,
        extra: [
          // One at a time: the mock broker keeps no sequence numbers.
          "max.in.flight.requests.per.connection": "1", "reconnect.backoff.max.ms": "200",
        ].merging(extra) { $1 }),
      onDeliveries: { ledger.take($0) })
    topic = try producer.topic(MemberSettings.eventsTopic)
  }

  /// Makes a change. Nil for one that is none at the API.
  package func make(_ change: SandboxChange) -> Made? {
    let (type, id, isDelete): (String, String, Bool)
    switch change {
    case .put(let changed, let record, let properties):
      sandbox.put(changed, record, properties)
      (type, id, isDelete) = (changed, record, false)
    case .delete(let deleted, let record):
      sandbox.delete(deleted, record)
      (type, id, isDelete) = (deleted, record, true)
    case .poison: return nil
    }
    guard let record = sandbox.record(type, id),
      let key = RecordKey(tenant: Self.tenant, object: record.type, recordId: id)
    else { return nil }
    if !isDelete {
      ledger.state.withLock { $0.states[key, default: [:]][record.updatedAtMs, default: 0] += 1 }
    }
    return Made(key: key, versionMs: record.updatedAtMs, isDelete: isDelete)
  }

  /// Publishes an event; `made` is the change that it tells of.
  package func emit(_ event: ChaosPlan.PlannedEvent, made: Made?) throws(KafkaError) {
    let record: (key: [UInt8]?, headers: HeaderList)
    let kind: JournalEntry.Kind
    switch event.content {
    case .change:
      guard let made else { return }
      let type = made.isDelete ? "contact.deletion" : "contact.propertyChange"
      record = Self.record(event.id, type: type, key: made.key, versionMs: made.versionMs)
      kind = .ours
    case .neverExisted(let id):
      record = Self.record(event.id, type: "contact.propertyChange", key: Self.key(id))
      kind = .ours
    case .foreign(let id):
      record = Self.record(event.id, source: "elsewhere", type: "x", key: Self.key(id))
      kind = .foreign
    case .keyless:
      record = Self.record(event.id, type: "contact.creation", key: nil)
      kind = .poison
    case .undecodable(let id):
      var headers = HeaderList()
      headers.append("ce_specversion", "0.1")
      record = (Self.key(id)?.encoded, headers)
      kind = .poison
    }
    var headers = record.headers
    headers.append(Self.kindHeader, kind.rawValue)
    headers.append(Self.idHeader, event.id)
    let ticket = ledger.state.withLock { state in
      state.ids.append(event.id)
      return UInt64(state.ids.count - 1)
    }
    try producer.produce(
      to: topic, key: record.key, value: Array(#"{"eventId":"\#(event.id)"}"#.utf8),
      headers: headers, ticket: ticket)
  }

  /// Waits until every event has its report. False: the time was too short.
  package func flush(withinMs: Int) async -> Bool {
    for _ in 0..<max(1, withinMs / 10) {
      if ledger.state.withLock({ $0.stored + $0.failures.count == $0.ids.count }) { return true }
      try? await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  package func close() { _ = producer.close(timeoutMs: 1000) }

  package var acknowledgedIds: Set<String> { ledger.state.withLock { $0.acknowledged } }
  /// Records in the topic, repeats included.
  package var stored: Int64 { ledger.state.withLock { Int64($0.stored) } }
  package var failures: [String] { ledger.state.withLock { $0.failures } }
  package var states: StateCounts { ledger.state.withLock { $0.states } }

  private static func key(_ id: String) -> RecordKey? {
    RecordKey(tenant: tenant, object: "contact", recordId: id)
  }

  private static func record(
    _ id: String, source: String = MemberSettings.source, type: String, key: RecordKey?,
    versionMs: Int64? = nil
  ) -> (key: [UInt8]?, headers: HeaderList) {
    let event = Event(
      id: id, source: source, type: type, key: key, timeMs: versionMs, recordVersion: versionMs,
      origin: .webhook, receivedAtMs: versionMs ?? 1,
      envelope: Envelope(id: id, index: 0, count: 1),
      verifiedBy: "hubspot-v3#0")
    return (key?.encoded, event.headers)
  }
}
