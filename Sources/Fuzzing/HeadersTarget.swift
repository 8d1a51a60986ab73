// Events to headers and back, and headers that nobody of ours wrote.

import Model

/// The first byte says what the others are.
final class HeadersTarget: FuzzTarget {
  static let name = "headers"
  let words: [[UInt8]] = [
    "ce_id", "1.0", "2024-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "0000-01-01T00:00:00Z",
    "a/b/c", "%2F", "%", "%zz", "//", "id,0/1", ",", "webhook", "+23:59", "2023-02-30T24:00:00Z",
  ].map { Array($0.utf8) }

  private static let names = [
    "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_tenant", "ce_object",
    "ce_recordid", "ce_recordversion", "ce_origin", "ce_receivedat", "ce_envelope",
    "ce_verifiedby", "content-type", "traceparent", "other",
  ]

  var seeds: [[UInt8]] {
    let tail = (0..<96).map { UInt8(($0 * 37 + 11) & 0x7F) }
    return (0..<8).map { [UInt8($0)] + tail } + [
      [3] + Array("2024-02-29T12:34:56.789+01:00".utf8), [2] + Array("t%2F/contact/1%25".utf8),
    ]
  }

  func check(_ input: [UInt8]) -> String? {
    var choices = Choices(input)
    switch choices.number(below: 8) {
    case 2: return checkKey(Array(input.dropFirst()))
    case 3: return checkTime(String(decoding: input.dropFirst(), as: UTF8.self))
    case 0, 1, 4: return Self.roundTrip(Self.event(&choices))
    case 5: return checkDeadLetter(&choices)
    default: return checkList(&choices)
    }
  }

  private static func event(_ choices: inout Choices) -> Event {
    func time(_ choices: inout Choices) -> Int64 { Int64(bitPattern: choices.word()) >> 20 }
    let key =
      choices.chance(3, of: 4)
      ? RecordKey(
        tenant: choices.text(max: 12), object: choices.text(max: 12),
        recordId: choices.text(max: 20)) : nil
    let count = choices.number(below: 1000) + 1
    return Event(
      id: "i" + choices.text(max: 40), source: "s" + choices.text(max: 10),
      type: "t" + choices.text(max: 20), key: key,
      timeMs: choices.chance(1, of: 2) ? time(&choices) : nil,
      recordVersion: choices.chance(1, of: 2) ? Int64(bitPattern: choices.word()) : nil,
      origin: choices.pick(Origin.allCases), receivedAtMs: time(&choices),
      envelope: Envelope(
        id: "0000000ab00000\(count % 10)", index: choices.number(below: count), count: count),
      verifiedBy: choices.text(max: 20), contentType: choices.text(max: 20),
      traceparent: choices.chance(1, of: 2) ? choices.text(max: 55) : nil)
  }

  /// Times beyond the years of RFC 3339 are clamped by contract; everything else comes back.
  static func roundTrip(_ event: Event) -> String? {
    var expected = event
    expected.timeMs = event.timeMs.map(clamped)
    expected.receivedAtMs = clamped(event.receivedAtMs)
    do throws(EventDecodingError) {
      let back = try Event(headers: event.headers)
      return back == expected ? nil : "sent \(expected), came back as \(back)"
    } catch {
      return "what was written does not read back: \(error), of \(event)"
    }
  }

  private static func clamped(_ ms: Int64) -> Int64 {
    min(max(ms, -62_167_219_200_000), 253_402_300_799_999)
  }

  private func checkKey(_ bytes: [UInt8]) -> String? {
    guard let key = RecordKey(encoded: bytes) else { return nil }
    let again = RecordKey(encoded: key.encoded)
    return again == key ? nil : "key \(key) reads back as \(String(describing: again))"
  }

  private func checkTime(_ text: String) -> String? {
    guard let time = Timestamp(rfc3339: text) else { return nil }
    let again = Timestamp(rfc3339: time.text)
    let expected = Timestamp(ms: Self.clamped(time.ms))
    return again == expected
      ? nil : "\(text) is \(time), reads back as \(String(describing: again))"
  }

  /// Any bytes as headers: an event or an error, and the event is one that can be written again.
  private func checkList(_ choices: inout Choices) -> String? {
    var list = HeaderList()
    var isPlain = choices.chance(1, of: 2)
    for name in Self.names where choices.chance(7, of: 8) {
      isPlain = isPlain && !choices.chance(1, of: 16)
      list.append(name, bytes: value(of: name, isPlain: isPlain, &choices))
    }
    guard let event = try? Event(headers: list) else { return nil }
    guard let again = try? Event(headers: event.headers) else {
      return "an event that was read cannot be written: \(event)"
    }
    return again == event ? nil : "read \(event), written and read again \(again)"
  }

  private func value(of name: String, isPlain: Bool, _ choices: inout Choices) -> [UInt8] {
    guard isPlain else { return choices.bytes(max: 24) }
    switch name {
    case "ce_specversion": return Array("1.0".utf8)
    case "ce_origin": return Array(choices.pick(Origin.allCases).rawValue.utf8)
    case "ce_time", "ce_receivedat":
      return Array(Timestamp(ms: Int64(choices.word() >> 24)).text.utf8)
    case "ce_envelope": return Array("\(choices.text(max: 4)),\(choices.byte())/9".utf8)
    case "ce_recordversion": return Array(String(choices.word()).utf8)
    default: return Array(choices.text(max: 16).utf8)
    }
  }

  /// The original's own headers stay, and provenance keeps to its limit.
  private func checkDeadLetter(_ choices: inout Choices) -> String? {
    let original = Self.event(&choices).headers
    let letter = DeadLetter(
      topic: choices.text(max: 300), partition: Int32(choices.number(below: 60_000)),
      offset: Int64(choices.number(below: 60_000)), groupId: choices.text(max: 300),
      failure: Failure(
        choices.pick(FailureClass.allCases), .decode, choices.text(max: 2000)),
      attempts: choices.number(below: 100), firstFailedAtMs: 0, failedAtMs: 1, pipeline: nil)
    let once = letter.headers(over: original)
    if once.storage.count - original.storage.count > DeadLetter.headerBytesMax {
      return "provenance of \(once.storage.count - original.storage.count) bytes"
    }
    if !once.storage.starts(with: original.storage) { return "the original's headers changed" }
    return letter.headers(over: once) == once ? nil : "a second burial changes the first"
  }
}
