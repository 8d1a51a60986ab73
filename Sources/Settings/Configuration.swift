// The typed configuration that the programs read. hookferry.yaml is parsed into these; nothing
// here knows of YAML.

/// Everything in hookferry.yaml, after defaults, checks and secret look-up.
package struct Configuration: Sendable {
  package var kafka: KafkaSettings
  package var receiver: ReceiverSettings
  /// By name; the name is the last part of the path `/hooks/{source}`.
  package var sources: [String: SourceSettings]
  /// The user's own, by name.
  package var providers: [String: ProviderSettings]
  package var consumer: ConsumerSettings
  /// In the file's order.
  package var pipelines: [PipelineSettings]
  package var sinks: [String: SinkSettings]
}

package struct KafkaSettings: Sendable {
  /// `host:port,host:port`
  package var bootstrapServers: String
  package var eventsTopic: String
  package var deadLettersTopic: String
  package var retryTopic: String
  package var rejectsTopic: String
  /// Any librdkafka property, passed on as it is; it wins over our own choice.
  package var properties: [String: Secret]
}

package struct ReceiverSettings: Sendable {
  package var listenAddress: String
  package var port: Int
  package var adminPort: Int
  /// Event loop threads; 0 means one a core.
  package var threads: Int
  package var bodyBytesMax: Int
  package var headerBytesMax: Int
  package var connectionsMax: Int
  package var inFlightRequestsMax: Int
  package var inFlightBytesMax: Int
  /// Head and body of one request must have arrived within this.
  package var requestReadTimeoutMs: Int
  package var idleTimeoutMs: Int
  /// requestDeadlineMs >= messageTimeoutMs > socketTimeoutMs, checked at boot.
  package var requestDeadlineMs: Int
  package var messageTimeoutMs: Int
  package var socketTimeoutMs: Int
  package var lingerMs: Int
  /// On their way to one broker.
  package var produceRequestsMax: Int
  /// Between SIGTERM (readiness turns false) and closing the listener.
  package var drainGraceMs: Int
  package var drainTimeoutMs: Int
  /// Refused requests kept in the rejects topic, of each source; 0 keeps none.
  package var rejectsPerMinuteMax: Int
  package var rejectsBodyBytesMax: Int
  /// Of each source; 0 remembers nothing.
  package var repeatCacheEntriesMax: Int
  package var repeatCacheTtlMs: Int
  /// Nil: no source may spool.
  package var spool: SpoolSettings?
  package var edge = EdgeSettings()
}

/// Where events of spooling sources wait for Kafka.
package struct SpoolSettings: Sendable, Equatable {
  package var path: String
  package var bytesMax: Int
  package var rowsMax: Int
  package var afterMs: Int

  package init(path: String, bytesMax: Int, rowsMax: Int, afterMs: Int) {
    self.path = path
    self.bytesMax = bytesMax
    self.rowsMax = rowsMax
    self.afterMs = afterMs
  }
}

package struct SourceSettings: Sendable {
  package var name: String
  /// A built-in provider, one of `providers`, or `hmac` with `signature` spelled out.
  package var provider: String
  /// Tried in order; any of them may match.
  package var secrets: [Secret]
  /// As registered with the provider, for schemes that sign the URL.
  package var publicURL: String?
  /// Used where the event itself names no tenant.
  package var tenant: String?
  /// Nil: no limit. `burst` nil: the same.
  package var ratePerS: Int?
  package var burst: Int?
  /// A repeat of an acknowledged event is not published again.
  package var dropsRepeats: Bool
  /// While Kafka is away: `none` or `sqlite`.
  package var spool: String
  /// A scheme spelled out, for provider `hmac`.
  package var signature: SchemeSettings?
  /// Which of the provider's schemes are in use; empty means all that are not optional.
  package var schemes: [String] = []
  /// In place of the schemes' own.
  package var toleranceS: Int?
  /// Topics and the like, for schemes with `allowed_by`.
  package var allowed: [String] = []
  /// The word of recognition in a handshake, e.g. Meta's verify token.
  package var handshakeSecret: Secret?
  /// Verified beside the rest, without deciding anything.
  package var shadow: ShadowSettings?
  package var event: EventSettings?
  /// CIDR texts; empty means that anybody may send.
  package var allowedNetworks: [String] = []
  /// `inflated` or `wire`: what of a compressed body is signed.
  package var signedBody = "inflated"
}

/// A second way of verifying that is only watched.
package struct ShadowSettings: Sendable {
  /// Nil: the source's own.
  package var provider: String?
  package var schemes: [String]
  package var signature: SchemeSettings?
  package var secrets: [Secret]
  package var publicURL: String?
}

/// Where a generic source's event identity is: `header:NAME`, `json:/pointer` or `text:VALUE`.
package struct EventSettings: Sendable {
  package var id: String?
  package var type: String?
  package var object: String?
  package var recordId: String?
  package var tenant: String?
  package var time: String?
}

package struct ConsumerSettings: Sendable {
  package var groupId: String
  package var adminPort: Int
  package var listenAddress: String
  /// Records being fetched or written at one time in one process.
  package var inFlightMax: Int
  /// Records received and not yet done, in one process; polling stops there.
  package var windowRecordsMax: Int
  package var windowBytesMax: Int
  package var commitIntervalMs: Int
  package var retryAttemptsMax: Int
  package var retryBaseMs: Int
  package var retryMaxMs: Int
  package var sessionTimeoutMs: Int
  package var maxPollIntervalMs: Int
  /// How long a revoke or SIGTERM waits for work under way.
  package var drainTimeoutMs: Int
  package var engine = EngineSettings()
}

package struct PipelineSettings: Sendable {
  package var name: String
  /// A source's name.
  package var from: String
  package var fetch: FetchSettings?
  /// A sink's name.
  package var to: String
}

package struct FetchSettings: Sendable {
  /// A built-in provider's API: `hubspot`.
  package var provider: String
  package var baseURL: String
  /// Bearer token.
  package var token: Secret?
  /// Nil where there is `token`, or nothing.
  package var credential: CredentialSettings?
  /// Asked for in each fetch; empty means the provider's default set.
  package var properties: [String]
  package var connectTimeoutMs: Int
  package var totalTimeoutMs: Int
  package var connectionsMax: Int
  package var responseBytesMax: Int
  package var pace = PaceSettings()
}

package struct SinkSettings: Sendable {
  package var name: String
  /// Exactly one of these two is set.
  package var sqlite: String?
  package var postgres: Secret?
  package var connectTimeoutMs: Int
  package var statementTimeoutMs: Int
  package var inboxKeepMs: Int
  package var writeLogKeepMs: Int
  package var claimsKeepMs: Int

  package enum Kind: Sendable {
    /// A database file.
    case sqlite(path: String)
    /// A database server; the connection string may hold a password.
    case postgres(dsn: Secret)
  }

  package var kind: Kind {
    if let postgres { .postgres(dsn: postgres) } else { .sqlite(path: sqlite ?? "") }
  }
}
