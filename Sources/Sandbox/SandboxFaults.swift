// What the fake CRM's API does wrong, on demand. A seed makes the same requests fail in every run.

/// Faults of the `/crm` endpoints; the control endpoints always work. Every default is "no fault".
/// As JSON it is what `GET` and `POST /sandbox/faults` speak; a `POST` changes what it names.
package struct SandboxFaults: Sendable, Equatable, Codable {
  /// Of all draws below; setting it starts the draws anew.
  package var seed: UInt64 = 1
  /// Before each answer.
  package var latencyMs: Int64 = 0
  /// Drawn evenly from 0 to this, and added.
  package var latencyJitterMs: Int64 = 0
  /// So many requests from now on are answered 429.
  package var throttleNext = 0
  /// Probability of a 429, 0...1.
  package var throttleRate: Double = 0
  /// Sent with 429; seconds, since that is the header's unit. Default 1.
  package var retryAfterS = 1
  /// So many requests from now on are answered `errorStatus`.
  package var errorNext = 0
  /// Probability of `errorStatus`, 0...1.
  package var errorRate: Double = 0
  /// Default 503, without Retry-After.
  package var errorStatus = 503
  /// So many requests from now on are answered 401, as if the token had expired.
  package var unauthorizedNext = 0
  /// So many reads from now on answer the state before the last change.
  package var staleNext = 0
  /// Reads answer the state of so long ago, as a replica does that lags behind.
  package var staleForMs: Int64 = 0
  /// Modified times are whole seconds and may not move between two changes.
  package var equalTimestamps = false
  /// Requests allowed in 10 s, announced in the rate headers. Default 190.
  package var rateMax = 190
  /// Answers 429 beyond `rateMax`. Default false.
  package var isRateEnforced = false
  /// A storm: from now on and for so long every request is answered 429.
  package var throttleForMs: Int64 = 0
  /// Retry-After is an HTTP date and no number of seconds.
  package var retryAfterIsDate = false
  /// A burst: from now on and for so long every request is answered `errorStatus`.
  package var errorForMs: Int64 = 0
  /// From now on and for so long connections end where an answer is due.
  package var deadForMs: Int64 = 0
  /// Probability of a slow answer, 0...1: the tail of the latencies.
  package var slowRate: Double = 0
  /// Added to a slow answer.
  package var slowMs: Int64 = 0
  /// Share of the reads that `staleForMs` is for, 0...1: the others see another replica. Default 1.
  package var staleRate: Double = 1
  /// Requests that an issued token is good for; 0 is no limit.
  package var tokenRequestsMax = 0
  /// How long an issued token is good for; 0 is no limit.
  package var tokenForMs: Int64 = 0
  /// So many token requests from now on are answered `errorStatus`.
  package var tokenErrorNext = 0
  /// A bucket of so many requests that fills up within a second; beyond it 429. 0 is no limit.
  package var requestsPerSecondMax = 0
  /// Reads of these records are answered `errorStatus`, also in a batch of others.
  package var stuckIds: Set<String> = []

  package init() {}

  /// What is wrong with them, if they cannot be carried out.
  var problem: String? {
    let latencies = [latencyMs, latencyJitterMs, slowMs]
    guard (200...599).contains(errorStatus), retryAfterS >= 0,
      latencies.allSatisfy({ (0...60_000).contains($0) })
    else { return "errorStatus 200...599, retryAfterS from 0, latencies 0...60000" }
    let lengths = [throttleForMs, errorForMs, deadForMs, staleForMs, tokenForMs]
    guard lengths.allSatisfy({ (0...3_600_000).contains($0) }), tokenRequestsMax >= 0,
      requestsPerSecondMax >= 0
    else { return "times 0...3600000 ms, limits from 0" }
    return nil
  }
}

/// Any of the faults, as a `POST` names them.
struct SandboxFaultsChange: Decodable {
  var seed: UInt64?
  var latencyMs: Int64?
  var latencyJitterMs: Int64?
  var throttleNext: Int?
  var throttleRate: Double?
  var retryAfterS: Int?
  var errorNext: Int?
  var errorRate: Double?
  var errorStatus: Int?
  var unauthorizedNext: Int?
  var staleNext: Int?
  var staleForMs: Int64?
  var equalTimestamps: Bool?
  var rateMax: Int?
  var isRateEnforced: Bool?
  var throttleForMs: Int64?
  var retryAfterIsDate: Bool?
  var errorForMs: Int64?
  var deadForMs: Int64?
  var slowRate: Double?
  var slowMs: Int64?
  var staleRate: Double?
  var tokenRequestsMax: Int?
  var tokenForMs: Int64?
  var tokenErrorNext: Int?
  var requestsPerSecondMax: Int?
  var stuckIds: Set<String>?

  func apply(to faults: inout SandboxFaults) {
    faults.seed = seed ?? faults.seed
    faults.latencyMs = latencyMs ?? faults.latencyMs
    faults.latencyJitterMs = latencyJitterMs ?? faults.latencyJitterMs
    faults.throttleNext = throttleNext ?? faults.throttleNext
    faults.throttleRate = throttleRate ?? faults.throttleRate
    faults.retryAfterS = retryAfterS ?? faults.retryAfterS
    faults.errorNext = errorNext ?? faults.errorNext
    faults.errorRate = errorRate ?? faults.errorRate
    faults.errorStatus = errorStatus ?? faults.errorStatus
    faults.unauthorizedNext = unauthorizedNext ?? faults.unauthorizedNext
    faults.staleNext = staleNext ?? faults.staleNext
    faults.staleForMs = staleForMs ?? faults.staleForMs
    faults.equalTimestamps = equalTimestamps ?? faults.equalTimestamps
    faults.rateMax = rateMax ?? faults.rateMax
    faults.isRateEnforced = isRateEnforced ?? faults.isRateEnforced
    faults.throttleForMs = throttleForMs ?? faults.throttleForMs
    faults.retryAfterIsDate = retryAfterIsDate ?? faults.retryAfterIsDate
    faults.errorForMs = errorForMs ?? faults.errorForMs
    faults.deadForMs = deadForMs ?? faults.deadForMs
    faults.slowRate = slowRate ?? faults.slowRate
    faults.slowMs = slowMs ?? faults.slowMs
    faults.staleRate = staleRate ?? faults.staleRate
    faults.tokenRequestsMax = tokenRequestsMax ?? faults.tokenRequestsMax
    faults.tokenForMs = tokenForMs ?? faults.tokenForMs
    faults.tokenErrorNext = tokenErrorNext ?? faults.tokenErrorNext
    faults.requestsPerSecondMax = requestsPerSecondMax ?? faults.requestsPerSecondMax
    faults.stuckIds = stuckIds ?? faults.stuckIds
  }
}
