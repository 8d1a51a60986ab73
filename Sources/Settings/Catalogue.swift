// Every setting, once: name, where it goes, default, allowed values, unit and meaning.

enum Catalogue {
  static let fetchProviders = ["hubspot"]

  static let root: [Entry<Configuration>] = [
    .section("kafka", \.kafka, "The log between receiver and consumer.", kafka),
    .section("receiver", \.receiver, "The HTTP server that takes webhooks in.", receiver),
    .named(
      "sources", "NAME", blank: .blank, nameIn: \.name,
      "Who sends webhooks. The name is the last part of the path `/hooks/NAME`.", source,
      store: { target, children in
        target.sources = Dictionary(children.map { ($0.name, $0) }) { first, _ in first }
      }, list: { $0.sources.values.sorted { $0.name < $1.name } }),
    .named(
      "providers", "NAME", blank: .blank, nameIn: \.name,
      "Providers of your own, in the words that the built-in ones are written in.", provider,
      store: { target, children in
        target.providers = Dictionary(children.map { ($0.name, $0) }) { first, _ in first }
      }, list: { $0.providers.values.sorted { $0.name < $1.name } }),
    .section(
      "consumer", \.consumer, "The process that fetches records and writes them.", consumer),
    .named(
      "pipelines", "NAME", blank: .blank, nameIn: \.name,
      "What happens to a source's events: fetch the record, write it.", pipeline,
      store: { $0.pipelines = $1 }, list: { $0.pipelines }),
    .named(
      "sinks", "NAME", blank: .blank, nameIn: \.name, "Where records are written to.", sink,
      store: { target, children in
        target.sinks = Dictionary(children.map { ($0.name, $0) }) { first, _ in first }
      }, list: { $0.sinks.values.sorted { $0.name < $1.name } }),
  ]

  static let kafka: [Entry<KafkaSettings>] = [
    .text(
      "bootstrap_servers", \.bootstrapServers, .brokers,
      "Brokers to begin with, as `host:port,host:port`."),
    .group(
      "topics", "Topics; `hookferry topics create` makes them.",
      [
        .text(
          "events", \.eventsTopic, default: "hookferry.events", .topic,
          "Every accepted event, keyed by its record."),
        .text(
          "dead_letters", \.deadLettersTopic, default: "hookferry.dead-letters", .topic,
          "Events that could not be processed, with the reason."),
        .text(
          "retry", \.retryTopic, default: "hookferry.retry", .topic,
          "Events that are tried again later, behind others of their key; it needs as many "
            + "partitions as `events`."),
        .text(
          "rejects", \.rejectsTopic, default: "hookferry.rejects", .topic,
          "Refused requests, where `receiver.rejects` keeps some."),
      ]),
    .properties(
      "properties", \.properties, neededBy: .all,
      "Any librdkafka property, e.g. `security.protocol`, passed on as it is. It wins over the "
        + "programs' own choice. Values may be secrets: `env:NAME`."),
  ]

  static let source: [Entry<SourceSettings>] =
    sourceVerification + sourcePace + sourceEdge + sourceProof

  private static let sourceVerification: [Entry<SourceSettings>] = [
    .text(
      "provider", \.provider, .any,
      "How its webhooks are signed and what they hold: a built-in provider (`hookferry providers` "
        + "lists them), one of `providers`, or `hmac`, which needs `signature`."),
    .secrets(
      "secrets", \.secrets, neededBy: .receiver,
      "Signing secrets, tried in order; any may match, so that one can be rotated. Required by "
        + "every scheme that has one."),
    .optionalText(
      "public_url", \.publicURL, .url,
      "The URL as registered with the provider, for schemes that sign it: HubSpot, Square, "
        + "Twilio."),
    .optionalText(
      "tenant", \.tenant, .any, "The account, for events that do not name one themselves."),
    .choice(
      "spool", \.spool, default: "none", ["none", "sqlite"],
      "What becomes of events while Kafka is away: `none` answers 503, `sqlite` keeps them in "
        + "`receiver.spool` and answers 2xx, for providers that never send again."),
    .optionalSection(
      "event", \.event, blank: .blank,
      "Where an event's identity is, for generic providers. Each value is `header:NAME`, "
        + "`json:/pointer` or `text:VALUE`.", event),
  ]

  static let event: [Entry<EventSettings>] = [
    .optionalText("id", \.id, .locator, "The event's id, the key for dropping duplicates."),
    .optionalText("type", \.type, .locator, "The event's type."),
    .optionalText("object", \.object, .locator, "The record's type, e.g. `contact`."),
    .optionalText("record_id", \.recordId, .locator, "The record's id."),
    .optionalText("tenant", \.tenant, .locator, "The account."),
    .optionalText("time", \.time, .locator, "When it happened."),
  ]

  static let pipeline: [Entry<PipelineSettings>] = [
    .text("from", \.from, .any, "A source's name."),
    .optionalSection(
      "fetch", \.fetch, blank: .blank, "How the full record is fetched from the API.", fetch),
    .text("to", \.to, .any, "A sink's name."),
  ]

  static let fetch: [Entry<FetchSettings>] =
    [
      .choice("provider", \.provider, fetchProviders, "Whose API it is."),
      .text("base_url", \.baseURL, .url, "The API's address, without the path."),
      .optionalSecret(
        "token", \.token, neededBy: .consumer,
        "The bearer token, short for a `credential` of that kind; without either none is sent."),
      .optionalSection(
        "credential", \.credential, blank: .blank, "How requests prove who they are.", credential),
      .texts(
        "properties", \.properties, .any,
        "What to ask for of each record; none means the provider's default set."),
      .integer(
        "connect_timeout_ms", \.connectTimeoutMs, default: 3000, 10...60_000, .milliseconds,
        "How long connecting may take."),
      .integer(
        "total_timeout_ms", \.totalTimeoutMs, default: 10_000, 10...300_000, .milliseconds,
        "How long one request may take in all, connecting included."),
      .integer(
        "connections_max", \.connectionsMax, default: 32, 1...1024, .count,
        "Connections to the API from one process."),
      .integer(
        "response_bytes_max", \.responseBytesMax, default: 4 << 20, 1024...(256 << 20), .bytes,
        "A longer answer is a permanent failure."),
    ] + fetchPace
}
