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
  /// For so long after a change, reads answer the state before it.
  package var staleForMs: Int64 = 0
  /// Modified times are whole seconds and may not move between two changes.
  package var equalTimestamps = false
  /// Requests allowed in 10 s, announced in the rate headers. Default 190.
  package var rateMax = 190
  /// Answers 429 beyond `rateMax`. Default false.
  package var isRateEnforced = false

  package init() {}
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
  }
}
