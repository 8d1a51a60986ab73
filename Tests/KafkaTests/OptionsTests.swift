// The whole dictionary of librdkafka properties, so that nothing slips in or out unseen.

import Kafka
import Testing

@Suite struct OptionsTests {
  @Test func producerProperties() {
    let options = ProducerOptions(
      bootstrapServers: "127.0.0.1:1", clientId: "receiver-7", lingerMs: 3, requestsMax: 4,
      messageTimeoutMs: 3900, socketTimeoutMs: 2800, queueMessagesMax: 4321,
      queueKbytesMax: 8765, statisticsIntervalMs: 5000)
    #expect(
      options.librdkafkaProperties == [
        "bootstrap.servers": "127.0.0.1:1",
        "client.id": "receiver-7",
        "acks": "all",
        "enable.idempotence": "true",
        "partitioner": "murmur2_random",
        "compression.type": "lz4",
        "linger.ms": "3",
        "max.in.flight.requests.per.connection": "4",
        "message.timeout.ms": "3900",
        "socket.timeout.ms": "2800",
        "queue.buffering.max.messages": "4321",
        "queue.buffering.max.kbytes": "8765",
        "statistics.interval.ms": "5000",
        "topic.metadata.refresh.interval.ms": "30000",
        "reconnect.backoff.max.ms": "1000",
        "socket.nagle.disable": "true",
        "log.queue": "true",
      ])
  }

  @Test func consumerProperties() {
    let options = ConsumerOptions(
      bootstrapServers: "127.0.0.1:2", groupId: "g", clientId: "consumer-3",
      groupInstanceId: "pod-1", assignmentStrategy: .range, autoOffsetReset: .error,
      sessionTimeoutMs: 6001, heartbeatIntervalMs: 1002, maxPollIntervalMs: 60_003,
      socketTimeoutMs: 9004, queuedRecordsMin: 105, queuedKbytesMax: 206, fetchWaitMs: 57,
      endOfPartition: true, statisticsIntervalMs: 708)
    #expect(
      options.librdkafkaProperties == [
        "bootstrap.servers": "127.0.0.1:2",
        "client.id": "consumer-3",
        "group.id": "g",
        "group.instance.id": "pod-1",
        "partition.assignment.strategy": "range",
        "auto.offset.reset": "error",
        "session.timeout.ms": "6001",
        "heartbeat.interval.ms": "1002",
        "max.poll.interval.ms": "60003",
        "socket.timeout.ms": "9004",
        "queued.min.messages": "105",
        "queued.max.messages.kbytes": "206",
        "fetch.wait.max.ms": "57",
        "enable.partition.eof": "true",
        "statistics.interval.ms": "708",
        "enable.auto.commit": "false",
        "enable.auto.offset.store": "false",
        "allow.auto.create.topics": "false",
        "isolation.level": "read_committed",
        "topic.metadata.refresh.interval.ms": "30000",
        "reconnect.backoff.max.ms": "1000",
        "log.queue": "true",
      ])
  }

  @Test func extraPropertiesWin() {
    let options = ProducerOptions(
      bootstrapServers: "127.0.0.1:1", extra: ["linger.ms": "77", "debug": "msg"])
    #expect(options.librdkafkaProperties["linger.ms"] == "77")
    #expect(options.librdkafkaProperties["debug"] == "msg")
  }

  @Test func badPropertyIsNamed() {
    let options = ProducerOptions(bootstrapServers: "127.0.0.1:1", extra: ["lingre.ms": "77"])
    let error = #expect(throws: KafkaError.self) { try Producer(options) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.label == "configuration")
    #expect(error?.message.contains("lingre.ms") == true)
  }
}
