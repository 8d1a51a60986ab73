// One event as its record's headers, written into the same memory as the one before it.

package import Model

/// What the splitter tells of an event: the headers of its record, and where in them its identity
/// lies. Lent for the length of a call, since the next event is written over it; what is to be kept
/// is copied, or read back by `event`. Confined to the splitter's thread.
package final class EventDraft {
  /// First the names that come again and again, once, then values, and the rarer names among them.
  /// What is appended here is the next header's value, once it is put.
  var text = ByteWriter(capacity: 1024)
  /// Where that value begins.
  private var valueStart = 0
  private var places: UnsafeMutablePointer<HeaderList.Span>
  private var count = 0
  private var capacity = 32
  private let names: Names
  private var keyRange: Range<Int>?
  private var tenantRange = 0..<0
  private var objectRange = 0..<0
  private var idRange = 0..<0
  /// Where the type lies in what is written; ids may be made of it.
  private(set) var typeRange = 0..<0
  /// How many of the headers all events of the source have, and all of the request.
  private var ofSource = 0
  private var ofRequest = 0
  /// And how many the event has before its key.
  private var ofKeyless = 0
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
    valueStart = text.count
    text.append("1.0")
    put(names.specVersion)
    text.append(source)
    put(names.source)
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

  /// When its request came, in milliseconds since the Unix epoch.
  package var receivedAtMs: Int64 { lastReceived.ms }

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
    text.append(arrival.origin.rawValue)
    put(names.origin)
    _ = text.appendText(contentType)
    put(names.contentType)
    if let traceparent, text.appendText(traceparent) { put(names.traceparent) }
    putReceived(ms: arrival.receivedAtMs)
    text.append(arrival.verifiedBy)
    put(names.verifiedBy)
    ofRequest = count
    self.carried = carried
  }

  /// A type follows, then an id.
  func enterEvent() {
    keepFirst(ofRequest)
    keyRange = nil
  }

  func putType() { typeRange = put(names.type) }

  func putId() { idRange = put(names.id) }

  func put(timeMs: Int64) {
    text.append(Timestamp(ms: timeMs).rfc3339)
    put(names.time)
  }

  func put(recordVersion: Int64) {
    text.append(decimal: recordVersion)
    put(names.recordVersion)
  }

  /// Tenant, object and record id follow, or `dropKey`.
  func enterKey() { ofKeyless = count }

  func putTenant() { tenantRange = put(names.tenant) }

  func putObject() { objectRange = put(names.object) }

  func putRecordId() {
    let recordId = put(names.recordId)
    Self.encode(tenantRange, &text)
    text.append(UInt8(ascii: "/"))
    Self.encode(objectRange, &text)
    text.append(UInt8(ascii: "/"))
    Self.encode(recordId, &text)
    keyRange = put(names.subject)
  }

  /// There is no key, and nothing of one.
  func dropKey() { keepFirst(ofKeyless) }

  /// The last of an event.
  func seal(envelopeId: String, index: Int, count: Int) {
    text.append(envelopeId)
    text.append(UInt8(ascii: ","))
    text.append(decimal: Int64(index))
    text.append(UInt8(ascii: "/"))
    text.append(decimal: Int64(count))
    put(names.envelope)
    for index in carried.spans.indices {
      carried.nameBytes(at: index).withUnsafeBytes { text.append($0) }
      let name = valueStart..<text.count
      valueStart = text.count
      carried.valueBytes(at: index).withUnsafeBytes { text.append($0) }
      put(name)
    }
  }

  /// As `RecordKey.encoded` has it.
  private static func encode(_ part: Range<Int>, _ text: inout ByteWriter) {
    let isPlain = text.bytes(part).allSatisfy { !RecordKey.mustEscape($0) }
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
    text.append(lastReceived.text)
    put(names.receivedAt)
  }

  /// Returns where the value lies; an empty one makes no header.
  @discardableResult
  private func put(_ name: Range<Int>) -> Range<Int> {
    let value = valueStart..<text.count
    guard !value.isEmpty else { return value }
    if count == capacity { grow() }
    (places + count).initialize(to: HeaderList.Span(name: name, value: value))
    count += 1
    valueStart = value.upperBound
    return value
  }

  /// `kept` at least 1. What was written and not put is gone too.
  private func keepFirst(_ kept: Int) {
    valueStart = places[kept - 1].value.upperBound
    text.truncate(to: valueStart)
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
