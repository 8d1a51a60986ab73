// One event as its record's headers, written into the same memory as the one before it.

package import Model

/// What the splitter tells of an event: the headers of its record, and where in them its identity
/// lies. Lent for the length of a call, since the next event is written over it; what is to be kept
/// is copied, or read back by `event`. Confined to the splitter's thread.
package final class EventDraft {
  /// First the names that come again and again, once, then values, and the rarer names among them.
  private var text = ByteWriter(capacity: 1024)
  private var places: UnsafeMutablePointer<HeaderList.Span>
  private var count = 0
  private var capacity = 32
  private let names: Names
  private var keyRange: Range<Int>?
  private var tenantRange = 0..<0
  private var idRange = 0..<0
  /// Where the type lies in what is written; ids may be made of it.
  private(set) var typeRange = 0..<0
  /// How many of the headers all events of the source have, and all of the request.
  private var ofSource = 0
  private var ofRequest = 0
  /// Many requests come in the same millisecond.
  private var lastReceived = (ms: Int64.min, text: Timestamp(ms: .min).rfc3339)
  /// Behind the rest: among headers of one name the first counts, and that must be ours.
  private var carried = HeaderList()

  private struct Names {
    let specVersion, source, origin, contentType, traceparent, receivedAt, verifiedBy: Range<Int>
    let type, id, time, recordVersion, tenant, object, recordId, subject, envelope: Range<Int>

    init(in text: inout ByteWriter) {
      func place(_ name: [UInt8], _ text: inout ByteWriter) -> Range<Int> {
        text.append(name)
        return text.count - name.count..<text.count
      }
      let names = EventHeaderNames.all
      specVersion = place(names.specVersion, &text)
      source = place(names.source, &text)
      origin = place(names.origin, &text)
      contentType = place(names.contentType, &text)
      traceparent = place(names.traceparent, &text)
      receivedAt = place(names.receivedAt, &text)
      verifiedBy = place(names.verifiedBy, &text)
      type = place(names.type, &text)
      id = place(names.id, &text)
      time = place(names.time, &text)
      recordVersion = place(names.recordVersion, &text)
      tenant = place(names.tenant, &text)
      object = place(names.object, &text)
      recordId = place(names.recordId, &text)
      subject = place(names.subject, &text)
      envelope = place(names.envelope, &text)
    }
  }

  init(source: String) {
    places = .allocate(capacity: capacity)
    names = Names(in: &text)
    put(names.specVersion) { $0.appendText("1.0") }
    put(names.source) { $0.appendText(source) }
    ofSource = count
  }

  deinit { places.deallocate() }

  // MARK: Reading

  /// What `spans` lie in.
  package var bytes: UnsafeRawBufferPointer { text.bytes }

  package var spans: UnsafeBufferPointer<HeaderList.Span> {
    UnsafeBufferPointer(start: places, count: count)
  }

  /// The Kafka key, which is `ce_subject` as well; nil when the body named no record.
  package var key: UnsafeRawBufferPointer? { keyRange.map { text.bytes($0) } }

  /// `ce_id`, the dedup key.
  package var id: UnsafeRawBufferPointer { text.bytes(idRange) }

  /// `ce_tenant`; nil without a key.
  package var tenant: UnsafeRawBufferPointer? {
    keyRange == nil ? nil : text.bytes(tenantRange)
  }

  /// To be kept.
  package var headers: HeaderList {
    var list = HeaderList()
    list.reserve(bytes: text.count, headers: count)
    for span in spans {
      list.append(nameBytes: text.bytes(span.name), valueBytes: text.bytes(span.value))
    }
    return list
  }

  /// As a value of its own.
  package var event: Event {
    get throws(EventDecodingError) { try Event(headers: headers) }
  }

  // MARK: Writing, in this order

  /// What all events of one request have.
  func enterRequest(
    _ arrival: Splitter.Arrival, contentType: UnsafeRawBufferPointer,
    traceparent: UnsafeRawBufferPointer?, carried: HeaderList
  ) {
    keepFirst(ofSource)
    put(names.origin) { $0.appendText(arrival.origin.rawValue) }
    put(names.contentType) { $0.appendText(contentType) }
    if let traceparent { put(names.traceparent) { $0.appendText(traceparent) } }
    putReceived(ms: arrival.receivedAtMs)
    put(names.verifiedBy) { $0.appendText(arrival.verifiedBy) }
    ofRequest = count
    self.carried = carried
  }

  /// `write` must leave a type.
  func enterEvent(type write: (inout ByteWriter) -> Bool) {
    keepFirst(ofRequest)
    keyRange = nil
    typeRange = put(names.type, write) ?? 0..<0
  }

  /// Room behind what is written, for a text that is gone again when `body` returns.
  func lend<Result>(_ body: (inout ByteWriter) -> Result) -> Result { body(&text) }

  /// `write` must leave an id.
  func putId(_ write: (inout ByteWriter) -> Bool) { idRange = put(names.id, write) ?? 0..<0 }

  func put(timeMs: Int64) {
    put(names.time) {
      $0.append(Timestamp(ms: timeMs).rfc3339)
      return true
    }
  }

  func put(recordVersion: Int64) {
    put(names.recordVersion) {
      $0.append(decimal: recordVersion)
      return true
    }
  }

  /// Without a record id or an object there is no key, and nothing of one.
  func putKey(
    tenant: (inout ByteWriter) -> Bool, object: (inout ByteWriter) -> Bool,
    recordId: (inout ByteWriter) -> Bool
  ) {
    let mark = count
    let tenant = put(names.tenant, tenant) ?? 0..<0
    guard let object = put(names.object, object), let recordId = put(names.recordId, recordId)
    else { return keepFirst(mark) }
    tenantRange = tenant
    keyRange = put(names.subject) { text in
      Self.encode(tenant, &text)
      text.append(UInt8(ascii: "/"))
      Self.encode(object, &text)
      text.append(UInt8(ascii: "/"))
      Self.encode(recordId, &text)
      return true
    }
  }

  /// The last of an event.
  func seal(envelopeId: String, index: Int, count: Int) {
    put(names.envelope) { text in
      text.append(envelopeId)
      text.append(UInt8(ascii: ","))
      text.append(decimal: Int64(index))
      text.append(UInt8(ascii: "/"))
      text.append(decimal: Int64(count))
      return true
    }
    for index in carried.spans.indices {
      let start = text.count
      carried.nameBytes(at: index).withUnsafeBytes { text.append($0) }
      put(start..<text.count) { text in
        carried.valueBytes(at: index).withUnsafeBytes { text.append($0) }
        return true
      }
    }
  }

  /// As `RecordKey.encoded` has it.
  private static func encode(_ part: Range<Int>, _ text: inout ByteWriter) {
    let isPlain = text.bytes(part).allSatisfy { RecordKey.escape($0) == nil }
    guard !isPlain else { return text.append(copyOf: part) }
    for place in part {
      let byte = text.bytes[place]
      guard let escape = RecordKey.escape(byte) else {
        text.append(byte)
        continue
      }
      text.append(UInt8(ascii: "%"))
      text.append(escape.high)
      text.append(escape.low)
    }
  }

  private func putReceived(ms: Int64) {
    if lastReceived.ms != ms { lastReceived = (ms, Timestamp(ms: ms).rfc3339) }
    put(names.receivedAt) {
      $0.append(lastReceived.text)
      return true
    }
  }

  /// The value is what `write` appends. Returns where it lies; nil: `write` said false, or appended
  /// nothing, and there is no such header.
  @discardableResult
  private func put(_ name: Range<Int>, _ write: (inout ByteWriter) -> Bool) -> Range<Int>? {
    let start = text.count
    guard write(&text), text.count > start else {
      text.truncate(to: start)
      return nil
    }
    if count == capacity { grow() }
    (places + count).initialize(
      to: HeaderList.Span(name: name, value: start..<text.count))
    count += 1
    return start..<text.count
  }

  /// `kept` at least 1.
  private func keepFirst(_ kept: Int) {
    guard kept < count else { return }
    text.truncate(to: places[kept - 1].value.upperBound)
    count = kept
  }

  private func grow() {
    let larger = UnsafeMutablePointer<HeaderList.Span>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: places, count: count)
    places.deallocate()
    places = larger
    capacity *= 2
  }
}
