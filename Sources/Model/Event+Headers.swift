// Event to and from Kafka headers. The names are the CloudEvents attributes and our extensions;
// docs/ARCHITECTURE.md lists them.

/// Why a record could not be read as an event; the text goes into the dead letter.
package struct EventDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
}

extension Event {
  /// Every `ce_` header of this event, in a fixed order, with `content-type` and `traceparent`, and
  /// what it carries of its provider's behind them.
  package var headers: HeaderList {
    var list = HeaderList()
    list.reserve(bytes: 640, headers: 18)
    writeHeaders(to: &list, encodedKey: key?.encoded)
    return list
  }

  /// Writes `headers` to wherever they go. `encodedKey` is `key.encoded`, which whoever publishes
  /// the event needs as well.
  package func writeHeaders(
    to sink: inout some HeaderSink & ~Copyable, encodedKey: [UInt8]?
  ) {
    let names = HeaderNames.all
    sink.put(names.specVersion, "1.0")
    sink.put(names.id, id)
    sink.put(names.source, source)
    sink.put(names.type, type)
    if let encodedKey { sink.put(names.subject[...], encodedKey[...]) }
    if let timeMs { sink.put(names.time) { Timestamp(ms: timeMs).appendRFC3339(to: &$0) } }
    sink.put(names.contentType, contentType)
    if let traceparent { sink.put(names.traceparent, traceparent) }
    if let key {
      sink.put(names.tenant, key.tenant)
      sink.put(names.object, key.object)
      sink.put(names.recordId, key.recordId)
    }
    if let recordVersion { sink.put(names.recordVersion) { $0.append(decimal: recordVersion) } }
    sink.put(names.origin, origin.rawValue)
    sink.put(names.receivedAt) { Timestamp(ms: receivedAtMs).appendRFC3339(to: &$0) }
    sink.put(names.envelope) { envelope.append(to: &$0) }
    sink.put(names.verifiedBy, verifiedBy)
    for index in carried.spans.indices {
      sink.put(carried.nameBytes(at: index), carried.valueBytes(at: index))
    }
  }

  /// Reads an event back. Unknown headers are ignored; a missing required one is an error.
  package init(headers: HeaderList) throws(EventDecodingError) {
    let names = HeaderNames.all
    func required(_ name: [UInt8]) throws(EventDecodingError) -> String {
      guard let text = headers.text(name), !text.isEmpty else {
        throw EventDecodingError(
          description: "header \(String(decoding: name, as: UTF8.self)) is missing or empty")
      }
      return text
    }
    guard headers.firstValue(names.specVersion)?.elementsEqual("1.0".utf8) == true else {
      _ = try required(names.specVersion)
      throw EventDecodingError(description: "header ce_specversion is not 1.0")
    }
    let originText = headers.text(names.origin) ?? Origin.webhook.rawValue
    guard let origin = Origin(rawValue: originText) else {
      throw EventDecodingError(description: "header ce_origin has the unknown value \(originText)")
    }
    self.init(
      id: try required(names.id), source: try required(names.source),
      type: try required(names.type),
      key: RecordKey(
        tenant: headers.text(names.tenant) ?? "", object: headers.text(names.object) ?? "",
        recordId: headers.text(names.recordId) ?? ""),
      timeMs: try headers.time(names.time),
      recordVersion: headers.text(names.recordVersion).flatMap { Int64($0) },
      origin: origin, receivedAtMs: try headers.time(names.receivedAt) ?? 0,
      envelope: Envelope(text: headers.firstValue(names.envelope) ?? []),
      verifiedBy: headers.text(names.verifiedBy) ?? "",
      contentType: headers.text(names.contentType) ?? "application/json",
      traceparent: headers.text(names.traceparent))
  }
}

/// The headers' names as bytes, behind one reference: each would be another global to look up.
private final class HeaderNames: Sendable {
  static let all = HeaderNames()

  let specVersion = Array("ce_specversion".utf8)
  let id = Array("ce_id".utf8)
  let source = Array("ce_source".utf8)
  let type = Array("ce_type".utf8)
  let subject = Array("ce_subject".utf8)
  let time = Array("ce_time".utf8)
  let contentType = Array("content-type".utf8)
  let traceparent = Array("traceparent".utf8)
  let tenant = Array("ce_tenant".utf8)
  let object = Array("ce_object".utf8)
  let recordId = Array("ce_recordid".utf8)
  let recordVersion = Array("ce_recordversion".utf8)
  let origin = Array("ce_origin".utf8)
  let receivedAt = Array("ce_receivedat".utf8)
  let envelope = Array("ce_envelope".utf8)
  let verifiedBy = Array("ce_verifiedby".utf8)
}

extension HeaderList {
  /// Bytes that are not UTF-8 are replaced, never fatal.
  fileprivate func text(_ name: [UInt8]) -> String? {
    firstValue(name).map { String(decoding: $0, as: UTF8.self) }
  }

  fileprivate func time(_ name: [UInt8]) throws(EventDecodingError) -> Int64? {
    guard let bytes = firstValue(name) else { return nil }
    guard let time = Timestamp(rfc3339: bytes) else {
      throw EventDecodingError(
        description: "header \(String(decoding: name, as: UTF8.self)) is not an RFC 3339 time: "
          + String(decoding: bytes, as: UTF8.self))
    }
    return time.ms
  }
}

extension Envelope {
  /// `id,index/count`.
  fileprivate func append(to bytes: inout [UInt8]) {
    bytes.append(contentsOf: id.utf8)
    bytes.append(UInt8(ascii: ","))
    bytes.append(decimal: Int64(index))
    bytes.append(UInt8(ascii: "/"))
    bytes.append(decimal: Int64(count))
  }

  /// `id,index/count`; anything else is taken as an id of its own, first of one.
  init(text: ArraySlice<UInt8>) {
    if let comma = text.lastIndex(of: UInt8(ascii: ",")),
      let slash = text[comma...].firstIndex(of: UInt8(ascii: "/")),
      let index = Int(String(decoding: text[(comma + 1)..<slash], as: UTF8.self)),
      let count = Int(String(decoding: text[(slash + 1)...], as: UTF8.self))
    {
      self.init(
        id: String(decoding: text[..<comma], as: UTF8.self), index: index, count: count)
    } else {
      self.init(id: String(decoding: text, as: UTF8.self), index: 0, count: 1)
    }
  }
}

extension [UInt8] {
  fileprivate mutating func append(decimal number: Int64) {
    if number < 0 { append(UInt8(ascii: "-")) }
    let start = count
    var rest = number.magnitude
    repeat {
      append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }
}
