// From what was read of an event to the event.

import Model
import Signatures

/// Writes the events of one source. Holds nothing of a request. To be used by one thread at a time.
final class EventBuilder {
  private let reader: EventReader
  /// For events that name none.
  private let tenant: String
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
  private static let form = "application/x-www-form-urlencoded"

  init(reader: EventReader, tenant: String, carried: [String]) {
    self.reader = reader
    self.tenant = tenant
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
    return !contentType.elementsEqual(json)
      && String(decoding: contentType, as: UTF8.self).lowercased().hasPrefix(Self.form)
  }

  func write(
    _ sight: inout EventSight, to draft: EventDraft, envelopeId: String, index: Int, count: Int
  ) {
    draft.enterEvent { type(sight, &$0) }
    sight.type = draft.typeRange
    draft.putId { id(sight, &$0) }
    if let place = reader.time, let time = draft.lend({ sight.number(place, &$0) }) {
      draft.put(timeMs: EventTime.ms(time))
    }
    if let place = reader.recordVersion, let version = draft.lend({ sight.number(place, &$0) }) {
      draft.put(recordVersion: version)
    }
    draft.putKey(
      tenant: { part(reader.tenant, sight, &$0) || $0.appendText(tenant) },
      object: { part(reader.object, sight, &$0) },
      recordId: { part(reader.recordId, sight, &$0) })
    draft.seal(envelopeId: envelopeId, index: index, count: count)
  }

  private func type(_ sight: borrowing EventSight, _ bytes: inout ByteWriter) -> Bool {
    part(reader.type, sight, &bytes) || bytes.appendText("unknown")
  }

  /// A text of bounded length.
  private func part(
    _ place: EventReader.Place?, _ sight: borrowing EventSight, _ bytes: inout ByteWriter
  ) -> Bool {
    let start = bytes.count
    guard let place, sight.append(place, to: &bytes) else { return false }
    if bytes.count - start > Self.partBytesMax { Self.hash(&bytes, from: start) }
    return true
  }

  private func id(_ sight: borrowing EventSight, _ bytes: inout ByteWriter) -> Bool {
    let start = bytes.count
    for index in reader.id.indices {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      guard sight.append(reader.id[index], to: &bytes) else {
        bytes.truncate(to: start)
        return hashId(sight, &bytes)
      }
    }
    for index in reader.optionalId.indices {
      let mark = bytes.count
      if mark > start { bytes.append(UInt8(ascii: ",")) }
      if !sight.append(reader.optionalId[index], to: &bytes) {
        bytes.truncate(to: mark)
      }
    }
    guard bytes.count > start else { return hashId(sight, &bytes) }
    if bytes.count - start > Self.idBytesMax { Self.hash(&bytes, from: start) }
    return true
  }

  private func hashId(_ sight: borrowing EventSight, _ bytes: inout ByteWriter) -> Bool {
    bytes.append(Self.hash(of: sight.value))
    // Events that are repeated have the same bytes.
    guard let item = sight.item else { return true }
    bytes.append(UInt8(ascii: ","))
    let start = bytes.count
    bytes.append(item)
    if bytes.count - start > Self.partBytesMax { Self.hash(&bytes, from: start) }
    return true
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
