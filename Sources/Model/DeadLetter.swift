// What a dead letter says of its record: provenance in headers, the original untouched.

/// The provenance of one dead letter. Key, value, timestamp and headers of the original stay as
/// they were; these headers are added, replaced and never appended.
package struct DeadLetter: Sendable, Equatable {
  /// All provenance headers together, names and values.
  package static let headerBytesMax = 4096
  private static let messageBytesMax = 1024
  private static let nameBytesMax = 255

  package var topic: String
  package var partition: Int32
  package var offset: Int64
  package var groupId: String
  package var failure: Failure
  package var attempts: Int
  package var firstFailedAtMs: Int64
  package var failedAtMs: Int64
  /// The pipeline that gave up; nil when none was chosen yet.
  package var pipeline: String?

  package init(
    topic: String, partition: Int32, offset: Int64, groupId: String, failure: Failure,
    attempts: Int, firstFailedAtMs: Int64, failedAtMs: Int64, pipeline: String?
  ) {
    self.topic = topic
    self.partition = partition
    self.offset = offset
    self.groupId = groupId
    self.failure = failure
    self.attempts = attempts
    self.firstFailedAtMs = firstFailedAtMs
    self.failedAtMs = failedAtMs
    self.pipeline = pipeline
  }

  /// The same for every attempt to bury one record, so that a repeat is recognised.
  package var id: String { "\(topic)/\(partition)/\(offset)@\(groupId)" }

  /// The original's headers with this provenance set.
  package func headers(over original: HeaderList) -> HeaderList {
    let redriveCount = original.text("hookferry-dlq-redrive-count") ?? "0"
    var list = original
    for (name, value) in provenance(redriveCount: redriveCount) { list.set(name, value) }
    return list
  }

  // KIP-1191 names the `__dlq.errors.*` headers; the rest are ours.
  private func provenance(redriveCount: String) -> [(String, String)] {
    var pairs = [
      ("__dlq.errors.topic", Self.ascii(topic, bytesMax: Self.nameBytesMax)),
      ("__dlq.errors.partition", String(partition)),
      ("__dlq.errors.offset", String(offset)),
      ("__dlq.errors.group", Self.ascii(groupId, bytesMax: Self.nameBytesMax)),
      ("__dlq.errors.delivery.count", String(attempts)),
      ("__dlq.errors.message", Self.ascii(failure.message, bytesMax: Self.messageBytesMax)),
      ("hookferry-dlq-id", Self.ascii(id, bytesMax: 2 * Self.nameBytesMax)),
      ("hookferry-dlq-first-failed-at", Timestamp(ms: firstFailedAtMs).text),
      ("hookferry-dlq-failed-at", Timestamp(ms: failedAtMs).text),
      ("hookferry-dlq-attempts", String(attempts)),
      ("hookferry-dlq-class", failure.failureClass.rawValue),
      ("hookferry-dlq-stage", failure.stage.rawValue),
      ("hookferry-dlq-redrive-count", Self.ascii(redriveCount, bytesMax: 10)),
    ]
    if let pipeline {
      pairs.append(("hookferry-dlq-step", Self.ascii(pipeline, bytesMax: Self.nameBytesMax)))
    }
    if let status = failure.httpStatus {
      pairs.append(("hookferry-dlq-http-status", String(status)))
    }
    return pairs
  }

  /// Printable ASCII, cut to the limit: Kafka tools show header values as they are.
  private static func ascii(_ text: String, bytesMax: Int) -> String {
    let bytes = text.utf8.prefix(bytesMax).map {
      (0x20..<0x7F).contains($0) ? $0 : UInt8(ascii: "?")
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
