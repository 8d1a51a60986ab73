// librdkafka's mock cluster: brokers on loopback ports, within this process.

import CRdKafka
import Synchronization

/// A cluster for demos and tests that other processes can join too. Keeps about 5 MB a partition
/// and forgets the rest; knows no admin requests and no timestamps. Topics come into being when
/// somebody asks for them. Any thread.
package final class MockCluster: Sendable {
  /// Kafka's request types, for fault injection.
  package enum Request: Int16, Sendable {
    case produce = 0
    case fetch = 1
    case listOffsets = 2
    case metadata = 3
    case offsetCommit = 8
    case offsetFetch = 9
    case findCoordinator = 10
    case joinGroup = 11
    case heartbeat = 12
    case leaveGroup = 13
    case syncGroup = 14
    case initProducerId = 22
  }

  /// `host:port,host:port`
  package let bootstrapServers: String
  private let client: SharedPointer
  private let cluster: SharedPointer
  private let isClosed = Atomic<Bool>(false)

  private init(client: OpaquePointer, cluster: OpaquePointer, bootstrapServers: String) {
    self.client = SharedPointer(raw: client)
    self.cluster = SharedPointer(raw: cluster)
    self.bootstrapServers = bootstrapServers
  }

  /// Brokers have the ids 1 to `brokers`.
  package static func start(brokers: Int32 = 1) throws(KafkaError) -> MockCluster {
    // The cluster lives on a client of its own, which connects to nothing. No log events are
    // asked for, since nobody would take them; level 0 keeps it silent.
    let client = try Client.make(
      RD_KAFKA_PRODUCER, ["client.id": "mock-cluster", "log_level": "0"], events: 0)
    guard let cluster = rd_kafka_mock_cluster_new(client, brokers),
      let servers = rd_kafka_mock_cluster_bootstraps(cluster)
    else {
      Client.destroy(client)
      throw KafkaError(.unknown, message: "the mock cluster does not start")
    }
    LiveHandles.opened()
    return MockCluster(
      client: client, cluster: cluster, bootstrapServers: String(cString: servers))
  }

  deinit { close() }

  package func createTopic(
    _ name: String, partitions: Int32 = 4, replication: Int32 = 1
  ) throws(KafkaError) {
    try check(rd_kafka_mock_topic_create(cluster.raw, name, partitions, replication))
  }

  /// The next requests of this type fail, one with each of these, whoever sends them.
  package func pushErrors(_ request: Request, _ errors: [KafkaError.Code]) {
    let codes = errors.map { rd_kafka_resp_err_t($0.rawValue) }
    rd_kafka_mock_push_request_errors_array(cluster.raw, request.rawValue, codes.count, codes)
  }

  package func clearErrors(_ request: Request) {
    rd_kafka_mock_clear_request_errors(cluster.raw, request.rawValue)
  }

  /// Every request about this topic fails so; nil ends it.
  package func setTopicError(_ topic: String, _ error: KafkaError.Code?) {
    rd_kafka_mock_topic_set_error(
      cluster.raw, topic,
      error.map { rd_kafka_resp_err_t($0.rawValue) }
        ?? RD_KAFKA_RESP_ERR_NO_ERROR)
  }

  /// A broker that is down refuses connections and drops those it has.
  package func setBroker(_ id: Int32, up: Bool) throws(KafkaError) {
    try check(
      up
        ? rd_kafka_mock_broker_set_up(cluster.raw, id)
        : rd_kafka_mock_broker_set_down(cluster.raw, id))
  }

  /// Every answer of this broker is held back by so much.
  package func setRoundTrip(broker id: Int32, ms: Int32) throws(KafkaError) {
    try check(rd_kafka_mock_broker_set_rtt(cluster.raw, id, ms))
  }

  package func setCoordinator(group: String, broker id: Int32) throws(KafkaError) {
    try check(rd_kafka_mock_coordinator_set(cluster.raw, "group", group, id))
  }

  package func setLeader(_ partition: TopicPartition, broker id: Int32) throws(KafkaError) {
    try check(
      rd_kafka_mock_partition_set_leader(
        cluster.raw, partition.topic, partition.partition, id))
  }

  /// Ends every broker and drops every connection. A second call does nothing; no other method
  /// may follow.
  package func close() {
    guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    rd_kafka_mock_cluster_destroy(cluster.raw)
    LiveHandles.closed()
    Client.destroy(client.raw)
  }

  private func check(_ code: rd_kafka_resp_err_t) throws(KafkaError) {
    if let error = KafkaError(code) { throw error }
  }
}
