// Which events are sent in which order, and what came of it.
import Model

/// The order of sending: indexes of events, some of them twice. Pure.
struct SendPlan: Equatable {
  let order: [Int]

  init(count: Int, duplicates: Double, isShuffled: Bool, seed: UInt64) {
    var random = SplitMix64(seed: seed)
    var order: [Int] = []
    order.reserveCapacity(count)
    for index in 0..<count {
      order.append(index)
      if random.chance(duplicates) { order.append(index) }
    }
    if isShuffled { order.shuffle(using: &random) }
    self.order = order
  }
}

/// What the receiver said to everything that was sent.
struct SendReport: Encodable, Equatable {
  private(set) var sent = 0
  private(set) var accepted = 0
  /// Answered with another status than success.
  private(set) var refused = 0
  /// Not answered at all.
  private(set) var failed = 0
  /// By status, or the kind of failure.
  private(set) var answers: [String: Int] = [:]
  private(set) var unexpected = 0
  private var timesMs: [Double] = []

  private enum CodingKeys: String, CodingKey {
    case sent, accepted, refused, failed, answers, unexpected, p50_ms, p99_ms
  }

  /// `timeMs`: from when it was due, so that waiting for a slow receiver counts.
  mutating func note(status: Int, isSuccess: Bool, isExpected: Bool, timeMs: Double) {
    sent += 1
    if isSuccess { accepted += 1 } else { refused += 1 }
    answers[String(status), default: 0] += 1
    if !isExpected { unexpected += 1 }
    timesMs.append(timeMs)
  }

  mutating func noteFailure(_ kind: String) {
    sent += 1
    failed += 1
    unexpected += 1
    answers[kind, default: 0] += 1
  }

  func percentileMs(_ share: Double) -> Double {
    let sorted = timesMs.sorted()
    guard !sorted.isEmpty else { return 0 }
    return sorted[min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.down)))]
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(sent, forKey: .sent)
    try container.encode(accepted, forKey: .accepted)
    try container.encode(refused, forKey: .refused)
    try container.encode(failed, forKey: .failed)
    try container.encode(answers, forKey: .answers)
    try container.encode(unexpected, forKey: .unexpected)
    try container.encode(percentileMs(0.5), forKey: .p50_ms)
    try container.encode(percentileMs(0.99), forKey: .p99_ms)
  }
}
