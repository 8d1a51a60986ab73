// Why a request was refused. One table gives status, Retry-After and the metric's label; nothing
// else in the receiver chooses a status.

/// Every way in which the receiver refuses a request.
package enum Rejection: String, Error, Sendable, CaseIterable {
  // The sender's doing.
  case unknownSource = "unknown_source"
  case methodNotAllowed = "method_not_allowed"
  case badRequest = "bad_request"
  case bodyTooLarge = "body_too_large"
  case requestTimeout = "request_timeout"
  case headersTooLarge = "headers_too_large"
  case addressNotAllowed = "address_not_allowed"
  case unsupportedEncoding = "unsupported_encoding"
  case signatureMissing = "signature_missing"
  case signatureMalformed = "signature_malformed"
  case signatureMismatch = "signature_mismatch"
  case timestampMissing = "timestamp_missing"
  case timestampOutsideTolerance = "timestamp_outside_tolerance"
  /// Verified, but more than the source may send; it may come back.
  case rateLimited = "rate_limited"
  /// The certificate that the request names is not one that the provider signs with.
  case certificateRefused = "certificate_refused"
  /// Genuine, but from a topic or the like that the source does not take from.
  case notAllowed = "not_allowed"
  /// A handshake with a wrong word of recognition.
  case handshakeRefused = "handshake_refused"
  // Ours: always 503 with Retry-After, and as far as can be known nothing was stored.
  case overloaded
  /// Kafka would not answer within the request's deadline.
  case kafkaSlow = "kafka_slow"
  case kafkaQueueFull = "kafka_queue_full"
  case kafkaRefused = "kafka_refused"
  case kafkaTimeout = "kafka_timeout"
  case spoolFull = "spool_full"
  case shuttingDown = "shutting_down"
  /// The certificate to verify with is on its way.
  case certificatePending = "certificate_pending"
  case certificateUnavailable = "certificate_unavailable"

  package var status: Int {
    switch self {
    case .unknownSource: 404
    case .methodNotAllowed: 405
    case .badRequest: 400
    case .bodyTooLarge: 413
    case .requestTimeout: 408
    case .headersTooLarge: 431
    case .addressNotAllowed: 403
    case .unsupportedEncoding: 415
    case .signatureMissing, .signatureMalformed, .signatureMismatch, .timestampMissing,
      .timestampOutsideTolerance, .certificateRefused:
      401
    case .rateLimited: 429
    case .notAllowed, .handshakeRefused: 403
    case .overloaded, .kafkaSlow, .kafkaQueueFull, .kafkaRefused, .kafkaTimeout, .spoolFull,
      .shuttingDown, .certificatePending, .certificateUnavailable:
      503
    }
  }

  /// True for refusals that are our fault: the sender should come back.
  package var isOurs: Bool { status == 503 }

  /// True when the answer says when to come back.
  package var hasRetryAfter: Bool { isOurs || self == .rateLimited }

  /// What the sender reads; it says nothing that helps to forge a signature.
  package var message: String {
    switch self {
    case .unknownSource: "no such source"
    case .methodNotAllowed: "use POST"
    case .badRequest: "malformed request"
    case .bodyTooLarge: "body too large"
    case .requestTimeout: "the request did not arrive in time"
    case .headersTooLarge: "headers too large"
    case .addressNotAllowed: "not from this address"
    case .unsupportedEncoding: "unsupported Content-Encoding"
    case .signatureMissing, .signatureMalformed, .signatureMismatch, .certificateRefused:
      "signature refused"
    case .notAllowed, .handshakeRefused: "not allowed"
    case .certificatePending, .certificateUnavailable: "the certificate is being fetched, try again"
    case .timestampMissing, .timestampOutsideTolerance: "timestamp refused"
    case .rateLimited: "too many requests"
    case .overloaded, .kafkaSlow, .kafkaQueueFull: "busy, try again"
    case .kafkaRefused, .kafkaTimeout, .spoolFull: "not stored, try again"
    case .shuttingDown: "shutting down, try again"
    }
  }
}
