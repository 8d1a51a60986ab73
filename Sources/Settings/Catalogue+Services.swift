// The settings of the two services: mostly limits, each with its unit last.

extension Catalogue {
  static let port = 0...65_535

  static let receiver: [Entry<ReceiverSettings>] =
    [
      .text(
        "listen_address", \.listenAddress, default: "0.0.0.0", .any,
        "The address that both ports listen on."),
      .integer("port", \.port, default: 8080, port, .none, "Webhooks; 0 takes any free port."),
      .integer(
        "admin_port", \.adminPort, default: 8081, port, .none,
        "`/livez`, `/readyz` and `/metrics`; 0 takes any free port."),
      .integer(
        "threads", \.threads, default: 0, 0...1024, .count,
        "Event loop threads; 0 means one a core."),
    ] + receiverLimits + receiverTimes + receiverEdge + [receiverRejects, receiverSpool]
    + receiverRepeats

  private static let receiverRejects: Entry<ReceiverSettings> = .group(
    "rejects",
    "Keeps a sample of the requests that verification refused in the topic "
      + "`kafka.topics.rejects`, without credentials, for `hookferry rejects`. Only of sources "
      + "that sign: where the secret itself is sent nothing is kept.",
    [
      .integer(
        "per_minute_max", \.rejectsPerMinuteMax, default: 0, 0...100_000, .count,
        "How many of each source are kept a minute, by one receiver; 0 keeps none."),
      .integer(
        "body_bytes_max", \.rejectsBodyBytesMax, default: 65_536, 0...(16 << 20), .bytes,
        "A longer body is not kept; its request can be looked at and not promoted."),
    ])

  private static let receiverSpool: Entry<ReceiverSettings> = .optionalSection(
    "spool", \.spool, blank: .blank,
    "Where events of sources with `spool: sqlite` wait for Kafka. One receiver a file.", spool)

  private static let receiverLimits: [Entry<ReceiverSettings>] = [
    .integer(
      "body_bytes_max", \.bodyBytesMax, default: 1 << 20, 1024...(64 << 20), .bytes,
      "A longer body is refused with 413."),
    .integer(
      "header_bytes_max", \.headerBytesMax, default: 16_384, 1024...65_536, .bytes,
      "Longer headers, names and values together, are refused with 431."),
    .integer(
      "connections_max", \.connectionsMax, default: 8192, 1...1_000_000, .count,
      "Open connections; beyond it new ones are closed at once."),
    .integer(
      "in_flight_requests_max", \.inFlightRequestsMax, default: 4096, 1...1_000_000, .count,
      "Requests accepted and not yet answered; beyond it the answer is 503."),
    .integer(
      "in_flight_bytes_max", \.inFlightBytesMax, default: 64 << 20, 65_536...(16 << 30), .bytes,
      "Bodies held in memory, all requests together; beyond it the answer is 503."),
  ]

  private static let receiverTimes: [Entry<ReceiverSettings>] = [
    .integer(
      "request_read_timeout_ms", \.requestReadTimeoutMs, default: 10_000, 100...300_000,
      .milliseconds,
      "Head and body of one request must have arrived within this; else 408."),
    .integer(
      "idle_timeout_ms", \.idleTimeoutMs, default: 60_000, 1000...3_600_000, .milliseconds,
      "A connection without a request is closed after this."),
    .integer(
      "request_deadline_ms", \.requestDeadlineMs, default: 4500, 100...60_000, .milliseconds,
      "From the whole request to its answer. Keep it under the provider's patience (HubSpot "
        + "5000) and at or above `message_timeout_ms`."),
    .integer(
      "message_timeout_ms", \.messageTimeoutMs, default: 4000, 100...60_000, .milliseconds,
      "How long Kafka may take to store an event; above `socket_timeout_ms`."),
    .integer(
      "socket_timeout_ms", \.socketTimeoutMs, default: 2500, 10...60_000, .milliseconds,
      "How long a broker may take to answer one request."),
    .integer(
      "linger_ms", \.lingerMs, default: 1, 0...1000, .milliseconds,
      "How long events wait for others to share a produce request. It adds to every answer."),
    .integer(
      "produce_requests_max", \.produceRequestsMax, default: 2, 1...5, .count,
      "Produce requests on their way to one broker. Each carries events of one partition: fewer "
        + "gather more events and cost less CPU time, more wait less where a broker is far away "
        + "and leads many partitions."),
    .integer(
      "drain_grace_ms", \.drainGraceMs, default: 5000, 0...300_000, .milliseconds,
      "From SIGTERM, when readiness turns false, to closing the listener: the time a load "
        + "balancer needs to notice."),
    .integer(
      "drain_timeout_ms", \.drainTimeoutMs, default: 10_000, 0...300_000, .milliseconds,
      "How long requests under way may take after that."),
  ]

  static let consumer: [Entry<ConsumerSettings>] =
    [
      .text(
        "group_id", \.groupId, default: "hookferry", .topic,
        "The consumer group; every process with it shares the partitions."),
      .integer(
        "admin_port", \.adminPort, default: 8082, port, .none,
        "`/livez`, `/readyz` and `/metrics`; 0 takes any free port."),
      .text(
        "listen_address", \.listenAddress, default: "0.0.0.0", .any,
        "The address that the admin port listens on."),
    ] + consumerLimits + consumerTimes + consumerEngine

  private static let consumerLimits: [Entry<ConsumerSettings>] = [
    .integer(
      "in_flight_max", \.inFlightMax, default: 2000, 1...100_000, .count,
      "Records being fetched and written at one time in one process."),
    .integer(
      "window_records_max", \.windowRecordsMax, default: 100_000, 1...10_000_000, .count,
      "Records received and not yet done, in one process; polling stops there."),
    .integer(
      "window_bytes_max", \.windowBytesMax, default: 64 << 20, 65_536...(16 << 30), .bytes,
      "The same in bytes of keys and values."),
    .integer(
      "retry_attempts_max", \.retryAttemptsMax, default: 12, 1...1000, .count,
      "Attempts at one event, the first included, before it goes to the dead-letter topic."),
  ]

  private static let consumerTimes: [Entry<ConsumerSettings>] = [
    .integer(
      "commit_interval_ms", \.commitIntervalMs, default: 500, 10...60_000, .milliseconds,
      "How often finished offsets are committed."),
    .integer(
      "retry_base_ms", \.retryBaseMs, default: 200, 1...60_000, .milliseconds,
      "The longest wait before the second attempt; it doubles with each."),
    .integer(
      "retry_max_ms", \.retryMaxMs, default: 30_000, 1...3_600_000, .milliseconds,
      "The longest wait between two attempts."),
    .integer(
      "session_timeout_ms", \.sessionTimeoutMs, default: 30_000, 1000...3_600_000, .milliseconds,
      "A process that has been silent for this long loses its partitions."),
    .integer(
      "max_poll_interval_ms", \.maxPollIntervalMs, default: 300_000, 1000...86_400_000,
      .milliseconds,
      "A process that has not polled for this long loses its partitions."),
    .integer(
      "drain_timeout_ms", \.drainTimeoutMs, default: 20_000, 0...300_000, .milliseconds,
      "How long a revoke or SIGTERM waits for work under way."),
  ]
}
