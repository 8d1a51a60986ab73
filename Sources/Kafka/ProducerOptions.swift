// How a producer is set up, and which librdkafka properties that means.

/// Settings of a producer. Always idempotent, acks=all, lz4, and keyed like Java's producer.
package struct ProducerOptions: Sendable {
  /// `host:port,host:port`
  package var bootstrapServers: String
  package var clientId: String
  /// How long a record waits for company; the floor of the latency.
  package var lingerMs: Int
  /// Produce requests on their way to one broker, at most 5. Each carries records of one partition.
  package var requestsMax: Int
  /// From `produce` to the final verdict, retries included.
  package var messageTimeoutMs: Int
  /// Per request; at most `messageTimeoutMs`.
  package var socketTimeoutMs: Int
  /// Records waiting or in flight; beyond, `produce` throws `queueFull`.
  package var queueMessagesMax: Int
  /// The same in KiB of keys and values.
  package var queueKbytesMax: Int
  /// 0: no statistics.
  package var statisticsIntervalMs: Int
  /// Passed on as they are; they win over everything here.
  package var extra: [String: String]

  package init(
    bootstrapServers: String, clientId: String = "hookferry", lingerMs: Int = 5,
    requestsMax: Int = 5,
    messageTimeoutMs: Int = 4000, socketTimeoutMs: Int = 3000, queueMessagesMax: Int = 100_000,
    queueKbytesMax: Int = 262_144, statisticsIntervalMs: Int = 0, extra: [String: String] = [:]
  ) {
    self.bootstrapServers = bootstrapServers
    self.clientId = clientId
    self.lingerMs = lingerMs
    self.requestsMax = requestsMax
    self.messageTimeoutMs = messageTimeoutMs
    self.socketTimeoutMs = socketTimeoutMs
    self.queueMessagesMax = queueMessagesMax
    self.queueKbytesMax = queueKbytesMax
    self.statisticsIntervalMs = statisticsIntervalMs
    self.extra = extra
  }

  package var librdkafkaProperties: [String: String] {
    let ours = [
      "bootstrap.servers": bootstrapServers,
      "client.id": clientId,
      "acks": "all",
      "enable.idempotence": "true",
      "partitioner": "murmur2_random",
      "compression.type": "lz4",
      "linger.ms": String(lingerMs),
      "max.in.flight.requests.per.connection": String(requestsMax),
      "message.timeout.ms": String(messageTimeoutMs),
      "socket.timeout.ms": String(socketTimeoutMs),
      "queue.buffering.max.messages": String(queueMessagesMax),
      "queue.buffering.max.kbytes": String(queueKbytesMax),
      "statistics.interval.ms": String(statisticsIntervalMs),
      // New partitions are seen within this.
      "topic.metadata.refresh.interval.ms": "30000",
      // The default of 10 s would outlast most records after a broker came back.
      "reconnect.backoff.max.ms": "1000",
      "socket.nagle.disable": "true",
      "log.queue": "true",
    ]
    return ours.merging(extra) { $1 }
  }
}
