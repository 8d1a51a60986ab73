// Asks the cluster for the events topic: often while unready, now and then after.
import Kafka
import Settings

/// A task beside the event loops; the blocking call runs on a thread of its own.
struct BrokerProbe: Sendable {
  private static let timeoutMs: Int32 = 3000
  private static let unreadyIntervalMs = 500
  private static let readyIntervalMs = 5000

  let kafka: KafkaSettings
  let readiness: Readiness

  /// Runs until cancelled.
  func run() async throws {
    let admin = try AdminClient(
      bootstrapServers: kafka.bootstrapServers, clientId: "hookferry-receiver-probe",
      extra: kafka.properties.mapValues { $0.reveal() })
    while !Task.isCancelled {
      let problem = await BlockingCall.run { [topic = kafka.eventsTopic] in
        Self.ask(admin, topic: topic)
      }
      if let problem {
        readiness.brokerAway(problem)
      } else {
        readiness.brokerAnswered()
      }
      let pauseMs = problem == nil ? Self.readyIntervalMs : Self.unreadyIntervalMs
      try? await Task.sleep(for: .milliseconds(pauseMs))
    }
    await BlockingCall.run { admin.close() }
  }

  /// Nil when the topic is there.
  private static func ask(_ admin: AdminClient, topic: String) -> String? {
    do throws(KafkaError) {
      let topics = try admin.describeTopics([topic], timeoutMs: timeoutMs)
      let isThere = topics.first.map { !$0.partitions.isEmpty } ?? false
      return isThere ? nil : "topic \(topic) does not exist: run hookferry topics create"
    } catch {
      return "the broker does not answer: \(error.name)"
    }
  }
}
