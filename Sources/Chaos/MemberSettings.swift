// The members' configuration file.

/// What the members of one group are told. All of them read one file.
package struct MemberSettings: Sendable {
  package var bootstrapServers: String
  package var apiPort: Int
  package var databasePath: String
  package var inFlightMax = 16
  package var windowRecordsMax = 10_000
  package var windowBytesMax = 64 << 20
  package var commitIntervalMs = 100
  package var retryBaseMs = 20
  package var retryMaxMs = 300
  /// Many: what passes must never use them up.
  package var retryAttemptsMax = 1000
  /// Above the 3 s for which the mock broker keeps the first members waiting: it would throw out
  /// a member that waits for longer than its session.
  package var sessionTimeoutMs = 3200
  /// Also how long a join waits that the broker has forgotten.
  package var maxPollIntervalMs = 8000
  package var drainTimeoutMs = 1000
  /// Longer than a freeze: an answer that waited so long is still taken.
  package var fetchTimeoutMs = 15_000
  /// The members get their access tokens at the API themselves.
  package var hasTokens = false
  /// An answer that is older than its event is asked for again.
  package var hasStaleAnswers = false
  package var engine = ChaosPlan.Engine()

  static let group = "chaos"
  static let source = "crm"
  static let eventsTopic = "hookferry.events"
  static let deadLettersTopic = "hookferry.dead-letters"
  static let retryTopic = "hookferry.retry"
  static let environment = [
    "CHAOS_SECRET": "chaos-client-secret", "CHAOS_TOKEN": "sandbox-token",
    "CHAOS_CLIENT_SECRET": "sandbox-client-secret", "CHAOS_REFRESH": "sandbox-refresh-token",
  ]

  init(bootstrapServers: String, apiPort: Int, databasePath: String) {
    self.bootstrapServers = bootstrapServers
    self.apiPort = apiPort
    self.databasePath = databasePath
  }

  /// librdkafka's own time-outs are short too, so that a broker that is down is noticed within
  /// the session; one produce request at a time, since the mock broker keeps no sequence numbers.
  package var yaml: String {
    """
    kafka:
      bootstrap_servers: "\(bootstrapServers)"
      properties:
        heartbeat.interval.ms: "300"
        socket.timeout.ms: "1500"
        reconnect.backoff.max.ms: "200"
        max.in.flight.requests.per.connection: "1"
    sources:
      \(Self.source):
        provider: hubspot
        secrets: ["env:CHAOS_SECRET"]
        public_url: https://hooks.example.com/hooks/crm
    consumer:
      group_id: \(Self.group)
      listen_address: 127.0.0.1
      admin_port: 0
      in_flight_max: \(inFlightMax)
      window_records_max: \(windowRecordsMax)
      window_bytes_max: \(windowBytesMax)
      commit_interval_ms: \(commitIntervalMs)
      retry_base_ms: \(retryBaseMs)
      retry_max_ms: \(retryMaxMs)
      retry_attempts_max: \(retryAttemptsMax)
      session_timeout_ms: \(sessionTimeoutMs)
      max_poll_interval_ms: \(maxPollIntervalMs)
      drain_timeout_ms: \(drainTimeoutMs)
      handles: \(engine.handles)
      assignment: \(engine.assignment)
      parking: \(engine.isParking)
      lane_attempts_max: \(engine.laneAttemptsMax)
      burst_wait_ms: \(engine.burstWaitMs)
      coalesce_records_max: \(engine.coalesceRecordsMax)
    pipelines:
      crm-to-warehouse:
        from: \(Self.source)
        fetch:
          provider: hubspot
          base_url: http://127.0.0.1:\(apiPort)
    \(credentials)
          properties: [email, firstname, lastname]
          connect_timeout_ms: 1000
          total_timeout_ms: \(fetchTimeoutMs)
          batch_ids_max: \(engine.batchIdsMax)
          compare_event_time: \(hasStaleAnswers)
        to: warehouse
    sinks:
      warehouse:
        sqlite: "\(databasePath)"

    """
  }

  private var credentials: String {
    guard hasTokens else { return "      token: \"env:CHAOS_TOKEN\"" }
    return """
            credential:
              kind: oauth2_refresh_token
              token_url: http://127.0.0.1:\(apiPort)/oauth/v1/token
              client_id: sandbox-client
              client_secret: "env:CHAOS_CLIENT_SECRET"
              refresh_token: "env:CHAOS_REFRESH"
      """
  }
}
