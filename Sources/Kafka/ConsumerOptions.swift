// How a consumer is set up, and which librdkafka properties that means.

/// Settings of a consumer. Never commits or stores an offset by itself, never creates a topic.
package struct ConsumerOptions: Sendable {
  /// How a group shares its partitions out; one for all members.
  package enum AssignmentStrategy: String, Sendable {
    /// A rebalance takes every partition back for a moment.
    case range
    /// Only partitions that move are taken back. With librdkafka 2.0.2 a group with more members
    /// than partitions can make its leader spin for ever, and a member that is closed between
    /// joining and its first assignment leaves its client behind (else the process would abort).
    case cooperativeSticky = "cooperative-sticky"
  }

  /// Where a partition without a committed offset begins.
  package enum AutoOffsetReset: String, Sendable {
    case earliest, latest
    /// No guess: a `.failure` of kind `offset`.
    case error
  }

  /// `host:port,host:port`
  package var bootstrapServers: String
  package var clientId: String
  /// Needed for `assign` too; nothing is joined or committed there unless asked for.
  package var groupId: String
  /// A fixed name keeps the partitions over a restart within `sessionTimeoutMs`.
  package var groupInstanceId: String?
  package var assignmentStrategy: AssignmentStrategy
  package var autoOffsetReset: AutoOffsetReset
  package var sessionTimeoutMs: Int
  package var heartbeatIntervalMs: Int
  /// `poll` must be called at least this often, with any `recordsMax`.
  package var maxPollIntervalMs: Int
  package var socketTimeoutMs: Int
  /// Prefetched records a partition, at which fetching stops.
  package var queuedRecordsMin: Int
  /// Prefetched KiB a partition, beyond which fetching stops.
  package var queuedKbytesMax: Int
  /// How long a broker holds a fetch that has nothing to bring.
  package var fetchWaitMs: Int
  /// Says so at the end of a partition.
  package var endOfPartition: Bool
  /// 0: no statistics.
  package var statisticsIntervalMs: Int
  /// Records are lent by librdkafka instead of copied: see `ConsumedRecord`. For owners that let
  /// go of all records before they close.
  package var lendsRecords: Bool
  /// Passed on as they are; they win over everything here.
  package var extra: [String: String]

  package init(
    bootstrapServers: String, groupId: String, clientId: String = "hookferry",
    groupInstanceId: String? = nil,
    assignmentStrategy: AssignmentStrategy = .range,
    autoOffsetReset: AutoOffsetReset = .earliest, sessionTimeoutMs: Int = 45_000,
    heartbeatIntervalMs: Int = 3000, maxPollIntervalMs: Int = 300_000,
    socketTimeoutMs: Int = 10_000, queuedRecordsMin: Int = 2000, queuedKbytesMax: Int = 16_384,
    fetchWaitMs: Int = 100, endOfPartition: Bool = false, statisticsIntervalMs: Int = 0,
    lendsRecords: Bool = false, extra: [String: String] = [:]
  ) {
    self.bootstrapServers = bootstrapServers
    self.groupId = groupId
    self.clientId = clientId
    self.groupInstanceId = groupInstanceId
    self.assignmentStrategy = assignmentStrategy
    self.autoOffsetReset = autoOffsetReset
    self.sessionTimeoutMs = sessionTimeoutMs
    self.heartbeatIntervalMs = heartbeatIntervalMs
    self.maxPollIntervalMs = maxPollIntervalMs
    self.socketTimeoutMs = socketTimeoutMs
    self.queuedRecordsMin = queuedRecordsMin
    self.queuedKbytesMax = queuedKbytesMax
    self.fetchWaitMs = fetchWaitMs
    self.endOfPartition = endOfPartition
    self.statisticsIntervalMs = statisticsIntervalMs
    self.lendsRecords = lendsRecords
    self.extra = extra
  }

  package var librdkafkaProperties: [String: String] {
    var ours = [
      "bootstrap.servers": bootstrapServers,
      "client.id": clientId,
      "group.id": groupId,
      "partition.assignment.strategy": assignmentStrategy.rawValue,
      "auto.offset.reset": autoOffsetReset.rawValue,
      "session.timeout.ms": String(sessionTimeoutMs),
      "heartbeat.interval.ms": String(heartbeatIntervalMs),
      "max.poll.interval.ms": String(maxPollIntervalMs),
      "socket.timeout.ms": String(socketTimeoutMs),
      "queued.min.messages": String(queuedRecordsMin),
      "queued.max.messages.kbytes": String(queuedKbytesMax),
      "fetch.wait.max.ms": String(fetchWaitMs),
      "enable.partition.eof": String(endOfPartition),
      "statistics.interval.ms": String(statisticsIntervalMs),
      "enable.auto.commit": "false",
      "enable.auto.offset.store": "false",
      "allow.auto.create.topics": "false",
      "isolation.level": "read_committed",
      "topic.metadata.refresh.interval.ms": "30000",
      "reconnect.backoff.max.ms": "1000",
      "log.queue": "true",
    ]
    if let groupInstanceId { ours["group.instance.id"] = groupInstanceId }
    return ours.merging(extra) { $1 }
  }

  /// As librdkafka understands the property. `stored` leads to its own error.
  var uncommittedStart: Int64 {
    switch (extra["auto.offset.reset"] ?? autoOffsetReset.rawValue).lowercased() {
    case "earliest", "smallest", "beginning": PartitionOffset.beginning
    case "latest", "largest", "end": PartitionOffset.end
    default: PartitionOffset.stored
    }
  }
}
