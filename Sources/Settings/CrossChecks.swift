// What must hold between settings. A check is silent when one of its settings could not be read.

enum CrossChecks {
  static func run(_ configuration: Configuration, _ reader: inout SettingReader) {
    present(configuration, &reader)
    for rule in orders { rule.check(configuration, &reader) }
    ports(configuration, &reader)
    spool(configuration, &reader)
    for source in configuration.sources.values {
      SourceChecks.run(source, configuration, &reader)
    }
    for sink in configuration.sinks.values { check(sink, &reader) }
    for pipeline in configuration.pipelines { check(pipeline, configuration, &reader) }
    topics(configuration, &reader)
  }

  /// `left` must not be above `right`, or must be below it.
  struct Order: Sendable {
    var left: String
    var leftValue: @Sendable (Configuration) -> Int
    var isStrict = false
    var right: String
    var rightValue: @Sendable (Configuration) -> Int
    var why: String

    func check(_ configuration: Configuration, _ reader: inout SettingReader) {
      let (left, right) = (leftValue(configuration), rightValue(configuration))
      guard isStrict ? left >= right : left > right,
        !reader.hasFailed(SettingPath(self.left)), !reader.hasFailed(SettingPath(self.right))
      else { return }
      reader.report(
        SettingPath(self.left),
        "\(left) must be \(isStrict ? "below" : "at most") \(self.right), \(right): \(why)")
    }
  }

  static let orders: [Order] = [
    Order(
      left: "receiver.message_timeout_ms", leftValue: { $0.receiver.messageTimeoutMs },
      right: "receiver.request_deadline_ms", rightValue: { $0.receiver.requestDeadlineMs },
      why: "else a 503 could be followed by the event being stored"),
    Order(
      left: "receiver.socket_timeout_ms", leftValue: { $0.receiver.socketTimeoutMs },
      isStrict: true,
      right: "receiver.message_timeout_ms", rightValue: { $0.receiver.messageTimeoutMs },
      why: "else one slow broker uses up the whole time"),
    Order(
      left: "receiver.linger_ms", leftValue: { $0.receiver.lingerMs }, isStrict: true,
      right: "receiver.message_timeout_ms", rightValue: { $0.receiver.messageTimeoutMs },
      why: "else events time out while they wait for company"),
    Order(
      left: "receiver.body_bytes_max", leftValue: { $0.receiver.bodyBytesMax },
      right: "receiver.in_flight_bytes_max", rightValue: { $0.receiver.inFlightBytesMax },
      why: "else a body of the allowed length is never admitted"),
    Order(
      left: "consumer.in_flight_max", leftValue: { $0.consumer.inFlightMax },
      right: "consumer.window_records_max", rightValue: { $0.consumer.windowRecordsMax },
      why: "else the window keeps workers idle"),
    Order(
      left: "consumer.retry_base_ms", leftValue: { $0.consumer.retryBaseMs },
      right: "consumer.retry_max_ms", rightValue: { $0.consumer.retryMaxMs },
      why: "the wait grows from the one to the other"),
    Order(
      left: "consumer.session_timeout_ms", leftValue: { $0.consumer.sessionTimeoutMs },
      right: "consumer.max_poll_interval_ms", rightValue: { $0.consumer.maxPollIntervalMs },
      why: "librdkafka refuses to start otherwise"),
    Order(
      left: "consumer.drain_timeout_ms", leftValue: { $0.consumer.drainTimeoutMs },
      isStrict: true,
      right: "consumer.max_poll_interval_ms", rightValue: { $0.consumer.maxPollIntervalMs },
      why: "else the partitions are lost while work is being finished"),
  ]

  private static func present(_ configuration: Configuration, _ reader: inout SettingReader) {
    let sources = SettingPath("sources")
    if reader.scope.contains(.receiver), configuration.sources.isEmpty,
      !reader.hasFailed(sources)
    {
      reader.report(sources, "at least one source is needed")
    }
    let pipelines = SettingPath("pipelines")
    if reader.scope.contains(.consumer), configuration.pipelines.isEmpty,
      !reader.hasFailed(pipelines)
    {
      reader.report(pipelines, "at least one pipeline is needed")
    }
  }

  // Both services may run on one host, and with one file; 0 never collides.
  private static func ports(_ configuration: Configuration, _ reader: inout SettingReader) {
    var taken: [Int: String] = [:]
    let ports = [
      ("receiver.port", configuration.receiver.port),
      ("receiver.admin_port", configuration.receiver.adminPort),
      ("consumer.admin_port", configuration.consumer.adminPort),
    ]
    for (name, port) in ports where port != 0 && !reader.hasFailed(SettingPath(name)) {
      if let other = taken[port] {
        reader.report(SettingPath(name), "\(port) is the port of \(other) already")
      }
      taken[port] = taken[port] ?? name
    }
  }

  private static func topics(_ configuration: Configuration, _ reader: inout SettingReader) {
    let path = SettingPath("kafka.topics.dead_letters")
    if configuration.kafka.eventsTopic == configuration.kafka.deadLettersTopic,
      !reader.hasFailed(path)
    {
      reader.report(path, "must not be the events' topic: dead letters would be processed again")
    }
    let retry = SettingPath("kafka.topics.retry")
    let others = [configuration.kafka.eventsTopic, configuration.kafka.deadLettersTopic]
    if others.contains(configuration.kafka.retryTopic), !reader.hasFailed(retry) {
      reader.report(retry, "must be a topic of its own, with as many partitions as the events'")
    }
  }

  private static func check(
    _ pipeline: PipelineSettings, _ configuration: Configuration, _ reader: inout SettingReader
  ) {
    let path = SettingPath(["pipelines", pipeline.name])
    named(pipeline.from, "source", configuration.sources.keys.sorted(), path + "from", &reader)
    named(pipeline.to, "sink", configuration.sinks.keys.sorted(), path + "to", &reader)
    if let fetch = pipeline.fetch { CredentialChecks.run(fetch, path + "fetch", &reader) }
    if let fetch = pipeline.fetch, fetch.connectTimeoutMs > fetch.totalTimeoutMs,
      !reader.hasFailed(path + "fetch" + "total_timeout_ms")
    {
      reader.report(
        path + "fetch" + "connect_timeout_ms",
        "\(fetch.connectTimeoutMs) must be at most total_timeout_ms, \(fetch.totalTimeoutMs)")
    }
  }

  private static func check(_ sink: SinkSettings, _ reader: inout SettingReader) {
    let path = SettingPath(["sinks", sink.name])
    guard !reader.hasFailed(path), !reader.hasFailed(path + "sqlite"),
      !reader.hasFailed(path + "postgres")
    else { return }
    switch (sink.sqlite, sink.postgres) {
    case (nil, nil): reader.report(path, "names no database: sqlite or postgres")
    case (.some, .some): reader.report(path, "names two databases: keep sqlite or postgres")
    default: break
    }
  }

  static func named(
    _ name: String, _ kind: String, _ known: [String], _ path: SettingPath,
    _ reader: inout SettingReader
  ) {
    guard !reader.hasFailed(path), !known.contains(name) else { return }
    let nearest = NearestName.of(name, among: known)
    reader.report(
      path,
      "no \(kind) is named \"\(name)\""
        + (nearest.map { "; did you mean \($0)?" } ?? ""))
  }
}
