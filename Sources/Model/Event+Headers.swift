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
    list.append("ce_specversion", "1.0")
    list.append("ce_id", id)
    list.append("ce_source", source)
    list.append("ce_type", type)
    if let encodedKey { list.append("ce_subject", bytes: encodedKey) }
    if let timeMs { list.append("ce_time", Timestamp(ms: timeMs)) }
    list.append("content-type", contentType)
    if let traceparent { list.append("traceparent", traceparent) }
    if let key {
      list.append("ce_tenant", key.tenant)
      list.append("ce_object", key.object)
      list.append("ce_recordid", key.recordId)
    }
    if let recordVersion { list.append("ce_recordversion", String(recordVersion)) }
    list.append("ce_origin", origin.rawValue)
    list.append("ce_receivedat", Timestamp(ms: receivedAtMs))
    list.append("ce_envelope", "\(envelope.id),\(envelope.index)/\(envelope.count)")
    list.append("ce_verifiedby", verifiedBy)
    for index in carried.spans.indices {
      list.append(
        nameBytes: carried.nameBytes(at: index), valueBytes: carried.valueBytes(at: index))
    }
  }

  /// Reads an event back. Unknown headers are ignored; a missing required one is an error.
  package init(headers: HeaderList) throws(EventDecodingError) {
    func required(_ name: String) throws(EventDecodingError) -> String {
      guard let text = headers.text(name), !text.isEmpty else {
        throw EventDecodingError(description: "header \(name) is missing or empty")
      }
      return text
    }
    guard try required("ce_specversion") == "1.0" else {
      throw EventDecodingError(description: "header ce_specversion is not 1.0")
    }
    let originText = headers.text("ce_origin") ?? Origin.webhook.rawValue
    guard let origin = Origin(rawValue: originText) else {
      throw EventDecodingError(description: "header ce_origin has the unknown value \(originText)")
    }
    self.init(
      id: try required("ce_id"), source: try required("ce_source"), type: try required("ce_type"),
      key: RecordKey(
        tenant: headers.text("ce_tenant") ?? "", object: headers.text("ce_object") ?? "",
        recordId: headers.text("ce_recordid") ?? ""),
      timeMs: try Self.time("ce_time", in: headers),
      recordVersion: headers.text("ce_recordversion").flatMap { Int64($0) },
      origin: origin, receivedAtMs: try Self.time("ce_receivedat", in: headers) ?? 0,
      envelope: Envelope(text: headers.text("ce_envelope") ?? ""),
      verifiedBy: headers.text("ce_verifiedby") ?? "",
      contentType: headers.text("content-type") ?? "application/json",
      traceparent: headers.text("traceparent"))
  }

  private static func time(
    _ name: String, in headers: HeaderList
  ) throws(EventDecodingError) -> Int64? {
    guard let text = headers.text(name) else { return nil }
    guard let time = Timestamp(rfc3339: text) else {
      throw EventDecodingError(description: "header \(name) is not an RFC 3339 time: \(text)")
    }
    return time.ms
  }
}

extension Envelope {
  /// `id,index/count`; anything else is taken as an id of its own, first of one.
  init(text: String) {
    let comma = text.lastIndex(of: ",")
    let place = comma.map { text[$0...].dropFirst() } ?? ""
    let numbers = place.split(separator: "/", omittingEmptySubsequences: false)
    if let comma, numbers.count == 2, let index = Int(numbers[0]), let count = Int(numbers[1]) {
      self.init(id: String(text[..<comma]), index: index, count: count)
    } else {
      self.init(id: text, index: 0, count: 1)
    }
  }
}
