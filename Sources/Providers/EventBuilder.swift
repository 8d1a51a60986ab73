// From what was read of an event to the event.

import Glibc
import Model
import Signatures

/// Writes the events of one source. Holds nothing of a request. To be used by one thread at a time.
final class EventBuilder {
  private let reader: EventReader
  /// For events that name none.
  private let tenant: [UInt8]
  private let carried: [(name: [UInt8], header: HeaderName)]

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
  private static let unknownType = Array("unknown".utf8)
  private static let form = "application/x-www-form-urlencoded"

  init(reader: EventReader, tenant: String, carried: [String]) {
    self.reader = reader
    self.tenant = Array(tenant.utf8)
    self.carried = carried.map { (Array($0.lowercased().utf8), HeaderName($0)) }
  }

  /// Begins a request's events; true when its body is a form.
  func begin(_ view: RequestView, _ arrival: Splitter.Arrival, _ draft: EventDraft) -> Bool {
    let json = UnsafeRawBufferPointer(
      start: Self.json.utf8Start, count: Self.json.utf8CodeUnitCount)
    let told = view.header(Self.contentType)
    let contentType = told?.isEmpty == false ? told ?? json : json
    draft.enterRequest(
      arrival, contentType: contentType, traceparent: traceparent(view),
      carried: carried.isEmpty ? HeaderList() : carriedHeaders(view))
    // The usual answer without making text of it.
    return !Self.isEqual(contentType, json)
      && String(decoding: contentType, as: UTF8.self).lowercased().hasPrefix(Self.form)
  }

  private static func isEqual(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Bool {
    guard left.count == right.count, let one = left.baseAddress, let other = right.baseAddress
    else { return false }
    return memcmp(one, other, left.count) == 0
  }

  func write(
    _ sight: inout EventSight, to draft: EventDraft, envelopeId: String, index: Int, count: Int
  ) {
    draft.enterEvent()
    if !part(reader.type, &sight, &draft.text) { draft.text.append(Self.unknownType) }
    draft.putType()
    sight.type = draft.typeRange
    id(&sight, &draft.text)
    draft.putId()
    if let place = reader.time, let time = sight.number(place, &draft.text) {
      draft.put(timeMs: EventTime.ms(time))
    }
    if let place = reader.recordVersion, let version = sight.number(place, &draft.text) {
      draft.put(recordVersion: version)
    }
    writeKey(&sight, draft)
    draft.seal(envelopeId: envelopeId, index: index, count: count)
  }

  /// All of it or nothing: without an object or a record id there is no key.
  private func writeKey(_ sight: inout EventSight, _ draft: EventDraft) {
    draft.enterKey()
    if !part(reader.tenant, &sight, &draft.text) { draft.text.append(tenant) }
    draft.putTenant()
    guard part(reader.object, &sight, &draft.text) else { return draft.dropKey() }
    draft.putObject()
    guard part(reader.recordId, &sight, &draft.text) else { return draft.dropKey() }
    draft.putRecordId()
  }

  /// A text of bounded length; false, and nothing, when there is none.
  private func part(
    _ place: EventReader.Place?, _ sight: inout EventSight, _ bytes: inout ByteWriter
  ) -> Bool {
    let start = bytes.count
    guard let place, sight.append(place, to: &bytes) else { return false }
    if bytes.count - start > Self.partBytesMax { Self.hash(&bytes, from: start) }
    return true
  }

  private func id(_ sight: inout EventSight, _ bytes: inout ByteWriter) {
    let start = bytes.count
    for index in reader.id.indices {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      guard sight.append(reader.id[index], to: &bytes) else {
        bytes.truncate(to: start)
        return hashId(sight.value, sight.item, &bytes)
      }
    }
    for index in reader.optionalId.indices {
      let mark = bytes.count
      if mark > start { bytes.append(UInt8(ascii: ",")) }
      if !sight.append(reader.optionalId[index], to: &bytes) { bytes.truncate(to: mark) }
    }
    guard bytes.count > start else { return hashId(sight.value, sight.item, &bytes) }
    if bytes.count - start > Self.idBytesMax { Self.hash(&bytes, from: start) }
  }

  /// Events that are repeated for their items have the same bytes.
  private func hashId(
    _ value: UnsafeRawBufferPointer, _ item: String?, _ bytes: inout ByteWriter
  ) {
    bytes.append(Self.hash(of: value))
    guard let item else { return }
    bytes.append(UInt8(ascii: ","))
    let start = bytes.count
    bytes.append(item)
    if bytes.count - start > Self.partBytesMax { Self.hash(&bytes, from: start) }
  }

  private static func hash(_ bytes: inout ByteWriter, from start: Int) {
    let text = hash(of: bytes.bytes(start..<bytes.count))
    bytes.truncate(to: start)
    bytes.append(text)
  }

  private static func hash(of bytes: UnsafeRawBufferPointer) -> String {
    "sha256:" + BodyHash.sha256(bytes)
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

  private func traceparent(_ view: RequestView) -> UnsafeRawBufferPointer? {
    // W3C: version-traceid-parentid-flags, 55 characters in version 00.
    guard let value = view.header(Self.traceparent), value.count == 55 else { return nil }
    return value
  }
}
