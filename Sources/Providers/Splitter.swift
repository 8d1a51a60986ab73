// From one verified request to its events: each with its exact bytes and its identity.

package import JSONText
package import Model
package import Signatures

/// Splits the requests of one source. To be used by one thread at a time: make one for each event
/// loop.
package final class Splitter {
  /// What all events of one request share.
  package struct Arrival {
    package var envelopeId: String
    /// Milliseconds since the Unix epoch.
    package var receivedAtMs: Int64
    /// `Verifier.Verified.label`.
    package var verifiedBy: String

    package init(envelopeId: String, receivedAtMs: Int64, verifiedBy: String) {
      self.envelopeId = envelopeId
      self.receivedAtMs = receivedAtMs
      self.verifiedBy = verifiedBy
    }
  }

  private let provider: Provider
  private let source: String
  private let tenant: String
  private let reader: EventReader
  private let scanner: JSONScanner
  private let lookup: JSONScanner

  /// Ids longer than this are replaced by their hash.
  private static let idBytesMax = 512
  private static let contentType = HeaderName("content-type")
  private static let traceparent = HeaderName("traceparent")

  /// `tenant`: for events that name none; without it the source's name takes its place.
  package init(_ provider: Provider, source: String, tenant: String?) throws(JSONTextError) {
    self.provider = provider
    self.source = source
    self.tenant = tenant ?? source
    reader = EventReader(provider.identity)
    scanner = try JSONScanner()
    lookup = try JSONScanner()
  }

  /// Calls `emit` for each event in the body's order, with its exact bytes, which are lent for the
  /// call. What is no JSON, or has no record id, is an event too, without a key: it must reach the
  /// log, and the consumer decides. An empty array has no events.
  package func split<Failure: Error>(
    _ view: RequestView, _ arrival: Arrival,
    _ emit: (Event, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let contentType = contentType(view)
    let traceparent = traceparent(view)
    let count = scan(view.body)
    for index in 0..<(count ?? 1) {
      let element = count == nil ? nil : scanner.element(index)
      let value = element.map { $0.whole(in: view.body) } ?? view.body
      let sight = EventSight(
        view: view, value: value, scanner: count == nil ? nil : scanner, row: index,
        lookup: lookup)
      let place = Envelope(id: arrival.envelopeId, index: index, count: count ?? 1)
      var event = event(sight, arrival, place, isJSON: count != nil)
      event.contentType = contentType
      event.traceparent = traceparent
      try emit(event, value)
    }
  }

  /// How many events the body has; nil when it must stay one that nobody can key.
  private func scan(_ body: UnsafeRawBufferPointer) -> Int? {
    do throws(JSONTextError) {
      try scanner.scan(body, fields: reader.fields)
    } catch {
      return nil
    }
    // An array where one event was expected is one event all the same.
    guard !scanner.isArray || provider.splitting == .elements else { return nil }
    guard scanner.count <= provider.eventsMax else { return nil }
    return scanner.count
  }

  private func event(
    _ sight: EventSight, _ arrival: Arrival, _ envelope: Envelope, isJSON: Bool
  ) -> Event {
    let type = sight.text(reader.type) ?? "unknown"
    let key = isJSON ? key(sight, type: type) : nil
    return Event(
      id: id(sight), source: source, type: type, key: key, timeMs: time(sight), origin: .webhook,
      receivedAtMs: arrival.receivedAtMs, envelope: envelope, verifiedBy: arrival.verifiedBy)
  }

  private func key(_ sight: EventSight, type: String) -> RecordKey? {
    guard let recordId = sight.text(reader.recordId), let object = object(sight, type: type) else {
      return nil
    }
    return RecordKey(
      tenant: sight.text(reader.tenant) ?? tenant, object: object, recordId: recordId)
  }

  private func object(_ sight: EventSight, type: String) -> String? {
    switch reader.object {
    case nil: return nil
    case .value(let place): return sight.text(place)
    case .firstPartOfType(let generic, let named, let aliases):
      let first = String(type.prefix { $0 != "." })
      guard let named, first == generic else { return first }
      return sight.text(named).map { aliases[$0] ?? $0 }
    }
  }

  private func id(_ sight: EventSight) -> String {
    var idBytes: [UInt8] = []
    idBytes.reserveCapacity(96)
    var anyFound = false
    for (index, place) in reader.id.enumerated() {
      if index > 0 { idBytes.append(UInt8(ascii: ",")) }
      anyFound = sight.append(place, to: &idBytes) || anyFound
    }
    for place in reader.optionalId {
      let mark = idBytes.count
      if mark > 0, anyFound { idBytes.append(UInt8(ascii: ",")) }
      if sight.append(place, to: &idBytes) {
        anyFound = true
      } else {
        idBytes.removeLast(idBytes.count - mark)
      }
    }
    guard anyFound else { return "sha256:" + BodyHash.sha256(sight.value) }
    if idBytes.count > Self.idBytesMax {
      return idBytes.withUnsafeBytes { "sha256:" + BodyHash.sha256($0) }
    }
    return String(decoding: idBytes, as: UTF8.self)
  }

  private func time(_ sight: EventSight) -> Int64? {
    guard let place = reader.time else { return nil }
    if let number = sight.integer(place) {
      // Seconds have ten digits until the year 2286, milliseconds had twelve in 1973.
      return number.magnitude < 100_000_000_000 ? number * 1000 : number
    }
    return sight.text(place).flatMap { Timestamp(rfc3339: $0)?.ms }
  }

  private func contentType(_ view: RequestView) -> String {
    // The usual answer without making text of it.
    let usual: StaticString = "application/json"
    guard let value = view.header(Self.contentType), !value.isEmpty else {
      return "application/json"
    }
    let isUsual =
      value.count == usual.utf8CodeUnitCount
      && value.elementsEqual(UnsafeBufferPointer(start: usual.utf8Start, count: value.count))
    return isUsual ? "application/json" : String(decoding: value, as: UTF8.self)
  }

  private func traceparent(_ view: RequestView) -> String? {
    // W3C: version-traceid-parentid-flags, 55 characters in version 00.
    guard let value = view.header(Self.traceparent), value.count == 55 else { return nil }
    return String(decoding: value, as: UTF8.self)
  }
}

extension JSONSlice {
  /// The exact bytes of an event: with a string's quotes, which its range leaves out.
  fileprivate func whole(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    guard kind == .string || kind == .escapedString else { return raw(in: bytes) }
    return UnsafeRawBufferPointer(rebasing: bytes[(range.lowerBound - 1)...range.upperBound])
  }
}
