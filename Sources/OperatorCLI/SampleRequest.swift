// A provider's sample as one request: its placeholders filled in, the same for the same seed.
import Model
import Settings

/// A request to send, still without a signature.
struct SampleRequest: Equatable {
  var contentType: String
  var headers: [(String, String)]
  var query: String
  var body: [UInt8]
  /// For schemes that sign an id.
  var id: String

  static func == (left: SampleRequest, right: SampleRequest) -> Bool {
    left.contentType == right.contentType && left.query == right.query && left.body == right.body
      && left.id == right.id && left.headers.elementsEqual(right.headers, by: ==)
  }
}

/// Fills in samples. Pure.
struct SampleRenderer {
  var samples: [SampleSettings]
  var secret: String
  var seed: UInt64
  /// Milliseconds since the Unix epoch of the first event; each is one later.
  var startMs: Int64
  /// How many records the events are spread over.
  static let records = 100

  /// What a source without samples gets.
  static let plain = SampleSettings(
    name: "plain", contentType: "application/json", headers: [:], query: "",
    body: #"{"id":"{uuid}","type":"test.sent","time":"{iso}","n":{n},"data":{"id":"{id}"}}"#)

  func sample(_ index: Int) -> SampleSettings {
    samples.isEmpty ? Self.plain : samples[index % samples.count]
  }

  func request(_ index: Int) -> SampleRequest {
    let sample = sample(index)
    var values = values(index)
    values["secret"] = SecretText.escaped(secret, in: sample.contentType)
    return SampleRequest(
      contentType: sample.contentType,
      headers: sample.headers.sorted { $0.key < $1.key }.map { ($0, Self.filled($1, values)) },
      query: Self.filled(sample.query, values), body: Array(Self.filled(sample.body, values).utf8),
      id: "msg_" + (values["n"] ?? ""))
  }

  private func values(_ index: Int) -> [String: String] {
    var random = SplitMix64(seed: seed &+ UInt64(index) &* 0x9E37_79B9)
    let uuid = Self.uuid(&random)
    let timeMs = startMs + Int64(index)
    return [
      "n": String(startMs * 1000 + Int64(index)),
      "id": String(100_001 + Int.random(in: 0..<Self.records, using: &random)),
      "uuid": uuid, "now": String(timeMs / 1000), "now_ms": String(timeMs),
      "iso": Timestamp(ms: timeMs).text,
    ]
  }

  /// Only known placeholders: JSON has braces of its own.
  static func filled(_ text: String, _ values: [String: String]) -> String {
    var out = ""
    var rest = text[...]
    while let open = rest.firstIndex(of: "{") {
      out += rest[..<open]
      let inner = rest[rest.index(after: open)...]
      if let close = inner.firstIndex(of: "}"), let value = values[String(inner[..<close])] {
        out += value
        rest = inner[inner.index(after: close)...]
      } else {
        out += "{"
        rest = inner
      }
    }
    return out + rest
  }

  private static func uuid(_ random: inout SplitMix64) -> String {
    let high = (random.next() & ~0xF000) | 0x4000
    let low = (random.next() & ~(3 << 62)) | 2 << 62
    func digits(_ value: UInt64, _ count: Int) -> String {
      let text = String(value, radix: 16)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return [
      digits(high >> 32, 8), digits(high >> 16 & 0xFFFF, 4), digits(high & 0xFFFF, 4),
      digits(low >> 48, 4), digits(low & 0xFFFF_FFFF_FFFF, 12),
    ].joined(separator: "-")
  }
}
