// What the consumers have committed and received, as their logs tell it.
import Testing

/// Committed offsets by partition, and the ranges of offsets that were received.
struct Frontier {
  private(set) var offsets: [Int64: Int64] = [:]
  private(set) var received: [Int64: [ClosedRange<Int64>]] = [:]

  var total: Int64 { offsets.values.reduce(0, +) }

  /// Every received offset, in the order of arrival, by partition.
  var receivedOffsets: [Int64: [Int64]] { received.mapValues { $0.flatMap(Array.init) } }

  /// Takes a log line in; lines of other kinds tell nothing.
  mutating func take(_ text: String) {
    guard let line = LogLine(text), let partition = line.integer("partition"),
      let offset = line.integer("offset")
    else { return }
    switch line.message {
    case "committed": offsets[partition] = max(offset, offsets[partition] ?? 0)
    case "received":
      guard let last = line.integer("limit") else { return }
      received[partition, default: []].append(offset...last)
    default: return
    }
  }

  /// Reads lines until the condition holds; fails when they end before.
  mutating func follow(
    _ lines: AsyncStream<String>, until isReached: (Frontier) -> Bool
  ) async throws {
    for await line in lines {
      take(line)
      if isReached(self) { return }
    }
    Issue.record("the lines ended at \(offsets)")
  }
}
