// What the consumers have committed, as their logs tell it.
import Testing

/// Committed offsets by partition, followed through "committed" lines.
struct Frontier {
  private(set) var offsets: [Int64: Int64] = [:]

  var total: Int64 { offsets.values.reduce(0, +) }

  /// Takes a log line in; false when it told nothing of a commit.
  @discardableResult
  mutating func take(_ line: String) -> Bool {
    guard let line = LogLine(line), line.message == "committed",
      let partition = line.integer("partition"), let offset = line.integer("offset")
    else { return false }
    offsets[partition] = max(offset, offsets[partition] ?? 0)
    return true
  }

  /// Reads a consumer's lines until this many offsets are committed; fails when it ends before.
  mutating func follow(_ consumer: Program, until count: Int64) async throws {
    for await line in consumer.lines {
      take(line)
      if total >= count { return }
    }
    Issue.record(
      "the consumer ended at \(total) of \(count):\n\(consumer.printed.suffix(20).joined(separator: "\n"))")
  }
}
