// Whether Kafka keeps up: from librdkafka's own figures to taking requests or not. Pure.

/// Refuses early what could not be answered in time, instead of holding it until it is too late.
struct KafkaPressure: Sendable, Equatable {
  /// What is known at one moment.
  struct Sample: Sendable, Equatable {
    /// Monotonic.
    var nowMs: Int64
    /// Events that Kafka has not answered for.
    var queued: Int
    /// Events that Kafka acknowledged since the start.
    var acknowledged: Int
    /// The slowest broker's 95th percentile, of the last statistics.
    var roundTripMs: Int64 = 0
    /// How long brokers hold their answers back because of quotas.
    var throttleMs: Int64 = 0
    var areBrokersUp = true
  }

  /// A rate measured over less than this says nothing.
  static let windowMinMs: Int64 = 500
  /// It is measured anew after this, so that it follows the brokers.
  static let windowMaxMs: Int64 = 5000

  /// What a request has.
  let deadlineMs: Int64
  private(set) var isRefusing = false
  /// How long an event handed over now would take.
  private(set) var estimateMs: Int64 = 0
  /// Since when the queue was never seen empty: only then does the rate of acknowledgements tell
  /// what Kafka can do, and not merely what was asked of it.
  private var busySince: (ms: Int64, acknowledged: Int)?
  private var lastAckMs: Int64 = 0
  private var lastAcknowledged = 0
  private var ratePerMs: Double?

  init(deadlineMs: Int) { self.deadlineMs = Int64(deadlineMs) }

  /// True: refuse from now on. Begins above the deadline and ends below half of it.
  mutating func note(_ sample: Sample) -> Bool {
    estimateMs = estimate(sample)
    if isRefusing {
      // An empty queue alone is no proof: nothing was let in.
      if estimateMs <= deadlineMs / 2, sample.areBrokersUp { isRefusing = false }
    } else if estimateMs > deadlineMs {
      isRefusing = true
    }
    return isRefusing
  }

  private mutating func estimate(_ sample: Sample) -> Int64 {
    if sample.acknowledged > lastAcknowledged {
      lastAcknowledged = sample.acknowledged
      lastAckMs = sample.nowMs
    }
    guard sample.queued > 0 else {
      busySince = nil
      ratePerMs = nil
      return sample.roundTripMs + sample.throttleMs
    }
    guard let begun = busySince else {
      busySince = (sample.nowMs, sample.acknowledged)
      lastAckMs = sample.nowMs
      return sample.roundTripMs + sample.throttleMs
    }
    let window = sample.nowMs - begun.ms
    if window >= Self.windowMinMs {
      ratePerMs = Double(sample.acknowledged - begun.acknowledged) / Double(window)
    }
    if window >= Self.windowMaxMs { busySince = (sample.nowMs, sample.acknowledged) }
    var wait = sample.roundTripMs
    if let ratePerMs, ratePerMs > 0 {
      // By Little's law this is the whole time, the round trip included.
      wait = max(wait, Int64(min(Double(sample.queued) / ratePerMs, 1e12)))
    }
    // Nothing at all comes back: then at least what it has taken already.
    return max(wait, sample.nowMs - lastAckMs) + sample.throttleMs
  }

  static func == (left: Self, right: Self) -> Bool {
    left.isRefusing == right.isRefusing && left.estimateMs == right.estimateMs
  }
}
