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
    appendHeaders(to: &list, encodedKey: key?.encoded)
    return list
  }

  /// Appends `headers` to a list that can be used again and again. `encodedKey` is `key.encoded`,
  /// which whoever publishes the event needs as well.
  package func appendHeaders(to list: inout HeaderList, encodedKey: [UInt8]?) {
    list.append(Names.specVersion, "1.0")
    list.append(Names.id, id)
    list.append(Names.source, source)
    list.append(Names.type, type)
    if let encodedKey { list.append(Names.subject) { $0 += encodedKey } }
    if let timeMs { list.append(Names.time, Timestamp(ms: timeMs)) }
    list.append(Names.contentType, contentType)
    if let traceparent { list.append(Names.traceparent, traceparent) }
    if let key {
      list.append(Names.tenant, key.tenant)
      list.append(Names.object, key.object)
      list.append(Names.recordId, key.recordId)
    }
    if let recordVersion { list.append(Names.recordVersion) { $0.append(decimal: recordVersion) } }
    list.append(Names.origin, origin.rawValue)
    list.append(Names.receivedAt, Timestamp(ms: receivedAtMs))
    list.append(Names.envelope) { envelope.append(to: &$0) }
    list.append(Names.verifiedBy, verifiedBy)
    for index in carried.spans.indices {
      list.append(
        nameBytes: carried.nameBytes(at: index), valueBytes: carried.valueBytes(at: index))
    }
  }

  /// Reads an event back. Unknown headers are ignored; a missing required one is an error.
  package init(headers: HeaderList) throws(EventDecodingError) {
    func required(_ name: [UInt8]) throws(EventDecodingError) -> String {
      guard let text = headers.text(name), !text.isEmpty else {
        throw EventDecodingError(
          description: "header \(String(decoding: name, as: UTF8.self)) is missing or empty")
      }
      return text
    }
    guard headers.firstValue(Names.specVersion)?.elementsEqual("1.0".utf8) == true else {
      _ = try required(Names.specVersion)
      throw EventDecodingError(description: "header ce_specversion is not 1.0")
    }
    let originText = headers.text(Names.origin) ?? Origin.webhook.rawValue
    guard let origin = Origin(rawValue: originText) else {
      throw EventDecodingError(description: "header ce_origin has the unknown value \(originText)")
    }
    self.init(
      id: try required(Names.id), source: try required(Names.source),
      type: try required(Names.type),
      key: RecordKey(
        tenant: headers.text(Names.tenant) ?? "", object: headers.text(Names.object) ?? "",
        recordId: headers.text(Names.recordId) ?? ""),
      timeMs: try headers.time(Names.time),
      recordVersion: headers.text(Names.recordVersion).flatMap { Int64($0) },
      origin: origin, receivedAtMs: try headers.time(Names.receivedAt) ?? 0,
      envelope: Envelope(text: headers.firstValue(Names.envelope) ?? []),
      verifiedBy: headers.text(Names.verifiedBy) ?? "",
      contentType: headers.text(Names.contentType) ?? "application/json",
      traceparent: headers.text(Names.traceparent))
  }

  fileprivate enum Names {
    static let specVersion = Array("ce_specversion".utf8)
    static let id = Array("ce_id".utf8)
    static let source = Array("ce_source".utf8)
    static let type = Array("ce_type".utf8)
    static let subject = Array("ce_subject".utf8)
    static let time = Array("ce_time".utf8)
    static let contentType = Array("content-type".utf8)
    static let traceparent = Array("traceparent".utf8)
    static let tenant = Array("ce_tenant".utf8)
    static let object = Array("ce_object".utf8)
    static let recordId = Array("ce_recordid".utf8)
    static let recordVersion = Array("ce_recordversion".utf8)
    static let origin = Array("ce_origin".utf8)
    static let receivedAt = Array("ce_receivedat".utf8)
    static let envelope = Array("ce_envelope".utf8)
    static let verifiedBy = Array("ce_verifiedby".utf8)
  }
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
