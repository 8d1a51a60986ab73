// The few figures of librdkafka's statistics that matter here.

import JSONText

/// One statistics event, read. The slowest broker counts.
struct KafkaStatistics: Sendable, Equatable {
  /// Events in the producer's queues and in flight.
  var queued = 0
  var queuedBytes = 0
  var roundTripP95Us = 0
  /// From handing an event over to its request.
  var internalLatencyP95Us = 0
  var throttleP95Ms = 0

  private static let fields = JSONFields(["msg_cnt", "msg_size", "brokers"])

  /// Nil when the text is no statistics.
  init?(_ text: String) {
    guard let scanner = try? JSONScanner() else { return nil }
    var bytes = Array(text.utf8)[...]
    let isRead = bytes.withUnsafeBytes { raw -> Bool in
      guard (try? scanner.scan(raw, fields: Self.fields)) != nil, scanner.count == 1 else {
        return false
      }
      guard let count = scanner.field(0, 0).integer(in: raw) else { return false }
      queued = Int(count)
      queuedBytes = Int(scanner.field(0, 1).integer(in: raw) ?? 0)
      return true
    }
    guard isRead else { return nil }
    let brokers = bytes.withUnsafeBytes { Array(scanner.field(0, 2).raw(in: $0)) }
    bytes = brokers[...]
    roundTripP95Us = Self.highest("\"rtt\"", in: brokers)
    internalLatencyP95Us = Self.highest("\"int_latency\"", in: brokers)
    throttleP95Ms = Self.highest("\"throttle\"", in: brokers)
  }

  /// Brokers are named by their address, so their members are found by text: the largest p95 of
  /// all windows of this name.
  private static func highest(_ window: String, in bytes: [UInt8]) -> Int {
    var rest = bytes[...]
    var highest = 0
    while let name = rest.firstRange(of: window.utf8) {
      rest = rest[name.upperBound...]
      let body = rest.prefix { $0 != UInt8(ascii: "}") }
      guard let key = body.firstRange(of: "\"p95\":".utf8) else { continue }
      let digits = body[key.upperBound...].drop { $0 == UInt8(ascii: " ") }
        .prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      highest = max(highest, Int(String(decoding: digits, as: UTF8.self)) ?? 0)
    }
    return highest
  }
}
