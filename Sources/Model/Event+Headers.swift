// Event to and from Kafka headers. The names are the CloudEvents attributes and our extensions;
// docs/ARCHITECTURE.md lists them.

/// Why a record could not be read as an event; the text goes into the dead letter.
package struct EventDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String
}

extension Event {
  /// Every `ce_` header of this event, with `content-type` and `traceparent`: in the order in which
  /// the receiver writes them, what all events of a request share first.
  package var headers: HeaderList {
    let names = EventHeaderNames.all
    var list = HeaderList()
    list.reserve(bytes: 640, headers: 18)
    func put(_ name: [UInt8], _ value: String) {
      list.append(nameBytes: name, valueBytes: value.utf8)
    }
    put(names.specVersion, "1.0")
    put(names.source, source)
    put(names.origin, origin.rawValue)
    put(names.contentType, contentType)
    if let traceparent { put(names.traceparent, traceparent) }
    put(names.receivedAt, Timestamp(ms: receivedAtMs).text)
    put(names.verifiedBy, verifiedBy)
    put(names.type, type)
    put(names.id, id)
    if let timeMs { put(names.time, Timestamp(ms: timeMs).text) }
    if let recordVersion { put(names.recordVersion, String(recordVersion)) }
    if let key {
      put(names.tenant, key.tenant)
      put(names.object, key.object)
      put(names.recordId, key.recordId)
      list.append(nameBytes: names.subject, valueBytes: key.encoded)
    }
    put(names.envelope, "\(envelope.id),\(envelope.index)/\(envelope.count)")
    return list
  }

  /// Reads an event back. Unknown headers are ignored; a missing required one is an error.
  package init(headers: HeaderList) throws(EventDecodingError) {
    let names = EventHeaderNames.all
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
package final class EventHeaderNames: Sendable {
  package static let all = EventHeaderNames()

  package let specVersion = Array("ce_specversion".utf8)
  package let id = Array("ce_id".utf8)
  package let source = Array("ce_source".utf8)
  package let type = Array("ce_type".utf8)
  package let subject = Array("ce_subject".utf8)
  package let time = Array("ce_time".utf8)
  package let contentType = Array("content-type".utf8)
  package let traceparent = Array("traceparent".utf8)
  package let tenant = Array("ce_tenant".utf8)
  package let object = Array("ce_object".utf8)
  package let recordId = Array("ce_recordid".utf8)
  package let recordVersion = Array("ce_recordversion".utf8)
  package let origin = Array("ce_origin".utf8)
  package let receivedAt = Array("ce_receivedat".utf8)
  package let envelope = Array("ce_envelope".utf8)
  package let verifiedBy = Array("ce_verifiedby".utf8)
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
