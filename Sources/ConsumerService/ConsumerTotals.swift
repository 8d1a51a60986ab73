// What one consumer did between start and stop, for its last log line.
import Model

/// Counts of one run. The metrics have the same by label; this is for a person reading the end.
struct ConsumerTotals: Sendable, CustomStringConvertible {
  var received = 0
  var written = 0
  var superseded = 0
  var duplicate = 0
  var gone = 0
  var skipped = 0
  var retried = 0
  var parked = 0
  var deadLettered = 0

  mutating func count(_ outcome: Outcome) {
    switch outcome {
    case .written: written += 1
    case .superseded: superseded += 1
    case .duplicate: duplicate += 1
    case .gone: gone += 1
    case .skipped: skipped += 1
    case .failed: break
    }
  }

  var description: String {
    "received \(received), written \(written), superseded \(superseded), duplicate \(duplicate), "
      + "gone \(gone), skipped \(skipped), retried \(retried), parked \(parked), "
      + "dead-lettered \(deadLettered)"
  }
}
