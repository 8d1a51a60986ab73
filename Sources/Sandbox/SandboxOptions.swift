// How a sandbox is set up.

/// Everything that is fixed when a `SandboxServer` is made.
package struct SandboxOptions: Sendable {
  /// Default `127.0.0.1`. The control endpoints have no authentication.
  package var listenAddress = "127.0.0.1"
  /// Default 0: any free port; `SandboxServer.start` returns it.
  package var port = 0
  /// A bearer token for the `/crm` endpoints that never expires.
  package var token = "sandbox-token"
  /// Who may have a token issued at `/oauth/v1/token`.
  package var clientId = "sandbox-client"
  package var clientSecret = "sandbox-client-secret"
  /// What the grant `refresh_token` demands besides.
  package var refreshToken = "sandbox-refresh-token"
  /// The tenant of every event.
  package var portalId: Int64 = 62515
  /// Larger request bodies are refused with 413; default 1 MiB.
  package var bodyBytesMax = 1 << 20
  /// Where webhooks go; nil keeps changes to ourselves until a target is set.
  package var webhooks: WebhookOptions?
  package var faults = SandboxFaults()

  package init() {}
}

/// Where and how webhooks are sent, and what goes wrong with them on purpose.
package struct WebhookOptions: Sendable {
  /// Adds the signature: gets method, public URL, body and time (ms since the Unix epoch), returns
  /// headers. Called by one task at a time.
  package typealias Sign =
    @Sendable (
      _ method: String, _ url: String, _ body: [UInt8], _ timestampMs: Int64
    ) -> [(String, String)]

  /// Where the requests are sent.
  package var url: String
  /// What is signed; nil signs `url`.
  package var publicURL: String?
  package var sign: Sign
  /// Events in one request at most; HubSpot's own limit is 100, the default.
  package var batchEventsMax = 100
  /// How long an event waits for company in its request; default 20 ms.
  package var lingerMs: Int64 = 20
  /// Requests under way at a time; default 10, as HubSpot does.
  package var inFlightRequestsMax = 10
  /// Default 5000, as HubSpot does.
  package var requestTimeoutMs: Int32 = 5000
  /// Deliveries of one request before it is given up; default 11: one and ten retries.
  package var attemptsMax = 11
  /// Pause before the first retry; it doubles each time, and half of it is drawn. Default 200 ms
  /// (HubSpot spreads its retries over a day). A longer Retry-After wins.
  package var retryBaseMs: Int64 = 200
  /// No pause is longer, Retry-After included; default 10 s.
  package var retryMaxMs: Int64 = 10_000
  /// Of the misbehaviour below and of the retries' draws.
  package var seed: UInt64 = 1
  /// Probability that an event is sent twice, 0...1.
  package var duplicateRate: Double = 0
  /// Probability that an event is never sent, 0...1.
  package var lossRate: Double = 0
  /// Events can overtake each other by this many places; 0 keeps the order within requests.
  package var shuffleWindow = 0

  package init(url: String, publicURL: String? = nil, sign: @escaping Sign) {
    self.url = url
    self.publicURL = publicURL
    self.sign = sign
  }
}

/// What became of the changes so far.
package struct SandboxProgress: Sendable, Equatable, Encodable {
  /// Events that changes yielded.
  package internal(set) var events = 0
  /// Of these, dropped on purpose.
  package internal(set) var eventsLost = 0
  /// Extra copies made on purpose.
  package internal(set) var eventsDuplicated = 0
  /// Requests with a body that no receiver can make an event of.
  package internal(set) var poisonBodies = 0
  /// Deliveries, retries included.
  package internal(set) var requestsSent = 0
  /// Answered 2xx.
  package internal(set) var requestsAccepted = 0
  /// Answered otherwise, or not at all; to be sent again.
  package internal(set) var requestsRetried = 0
  /// Given up after the last attempt.
  package internal(set) var requestsRefused = 0
  /// In accepted requests; copies count, poison bodies do not.
  package internal(set) var eventsAccepted = 0
  /// In refused requests.
  package internal(set) var eventsRefused = 0
  /// Not yet accepted, refused or lost.
  package internal(set) var eventsPending = 0
  package internal(set) var requestsInFlight = 0
  package internal(set) var requestsWaiting = 0

  package init() {}

  /// True when nothing is left to be sent.
  package var isIdle: Bool { eventsPending == 0 && requestsInFlight == 0 && requestsWaiting == 0 }
}
