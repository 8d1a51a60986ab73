// From what was read of an event to the event.

import Model
import Signatures

/// Makes the events of one source. Holds nothing of a request.
struct EventBuilder {
  let reader: EventReader
  let source: String
  /// For events that name none.
  let tenant: String
  private let carried: [(name: [UInt8], header: HeaderName)]

  /// What all events of one request have.
  struct Common {
    var arrival: Splitter.Arrival
    var contentType: String
    var isForm: Bool
    var traceparent: String?
    var carried: HeaderList
  }

  /// Ids longer than this are replaced by their hash.
  private static let idBytesMax = 512
  /// So are types and the parts of keys.
  private static let partBytesMax = 256
  /// A longer header does not go along; nor does what comes after so many bytes in all.
  private static let carriedValueBytesMax = 1024
  private static let carriedBytesMax = 4096

  private static let contentType = HeaderName("content-type")
  private static let traceparent = HeaderName("traceparent")
  private static let json: StaticString = "application/json"
  private static let form: StaticString = "application/x-www-form-urlencoded"

  init(reader: EventReader, source: String, tenant: String, carried: [String]) {
    self.reader = reader
    self.source = source
    self.tenant = tenant
    self.carried = carried.map { (Array($0.lowercased().utf8), HeaderName($0)) }
  }

  func common(_ view: RequestView, _ arrival: Splitter.Arrival) -> Common {
    let (contentType, isForm) = contentType(view)
    return Common(
      arrival: arrival, contentType: contentType, isForm: isForm, traceparent: traceparent(view),
      carried: carried.isEmpty ? HeaderList() : carriedHeaders(view))
  }

  func event(_ sight: inout EventSight, _ common: Common, index: Int, count: Int) -> Event {
    let type = sight.text(reader.type).map(Self.bounded) ?? "unknown"
    sight.type = type
    let arrival = common.arrival
    var event = Event(
      id: id(sight), source: source, type: type, key: key(sight), timeMs: time(sight),
      recordVersion: reader.recordVersion.flatMap { sight.number($0) }, origin: .webhook,
      receivedAtMs: arrival.receivedAtMs,
      envelope: Envelope(id: arrival.envelopeId, index: index, count: count),
      verifiedBy: arrival.verifiedBy, contentType: common.contentType,
      traceparent: common.traceparent)
    if !common.carried.isEmpty { event.carried = common.carried }
    return event
  }

  private func key(_ sight: borrowing EventSight) -> RecordKey? {
    guard let recordId = sight.text(reader.recordId), let object = sight.text(reader.object) else {
      return nil
    }
    return RecordKey(
      tenant: Self.bounded(sight.text(reader.tenant) ?? tenant), object: Self.bounded(object),
      recordId: Self.bounded(recordId))
  }

  private func id(_ sight: borrowing EventSight) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(96)
    for (index, place) in reader.id.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      guard sight.append(place, to: &bytes) else { return hashId(sight) }
    }
    for place in reader.optionalId {
      let mark = bytes.count
      if mark > 0 { bytes.append(UInt8(ascii: ",")) }
      if !sight.append(place, to: &bytes) { bytes.removeLast(bytes.count - mark) }
    }
    guard !bytes.isEmpty else { return hashId(sight) }
    if bytes.count > Self.idBytesMax {
      return bytes.withUnsafeBytes { "sha256:" + BodyHash.sha256($0) }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private func hashId(_ sight: borrowing EventSight) -> String {
    let hash = "sha256:" + BodyHash.sha256(sight.value)
    // Events that are repeated have the same bytes.
    return sight.item.map { hash + "," + Self.bounded($0) } ?? hash
  }

  private func time(_ sight: borrowing EventSight) -> Int64? {
    guard let place = reader.time, let time = sight.number(place) else { return nil }
    return EventTime.ms(time)
  }

  private static func bounded(_ text: String) -> String {
    guard text.utf8.count > partBytesMax else { return text }
    return Array(text.utf8).withUnsafeBytes { "sha256:" + BodyHash.sha256($0) }
  }

  private func carriedHeaders(_ view: RequestView) -> HeaderList {
    var list = HeaderList()
    for (name, header) in carried {
      guard let value = view.header(header), value.count <= Self.carriedValueBytesMax,
        list.storage.count + name.count + value.count <= Self.carriedBytesMax
      else { continue }
      list.append(nameBytes: name, valueBytes: value)
    }
    return list
  }

  private func contentType(_ view: RequestView) -> (String, isForm: Bool) {
    guard let value = view.header(Self.contentType), !value.isEmpty else {
      return ("application/json", false)
    }
    // The usual answer without making text of it.
    if Self.isEqual(value, Self.json) { return ("application/json", false) }
    let text = String(decoding: value, as: UTF8.self)
    return (text, text.lowercased().hasPrefix("\(Self.form)"))
  }

  private static func isEqual(_ value: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    value.count == text.utf8CodeUnitCount
      && value.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: value.count))
  }

  private func traceparent(_ view: RequestView) -> String? {
    // W3C: version-traceid-parentid-flags, 55 characters in version 00.
    guard let value = view.header(Self.traceparent), value.count == 55 else { return nil }
    return String(decoding: value, as: UTF8.self)
  }
}
