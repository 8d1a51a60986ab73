// From one verified request to its events: each with its exact bytes and its identity.

package import JSONText
package import Model
package import Signatures
import XMLText

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
    package var origin: Origin

    package init(
      envelopeId: String, receivedAtMs: Int64, verifiedBy: String, origin: Origin = .webhook
    ) {
      self.envelopeId = envelopeId
      self.receivedAtMs = receivedAtMs
      self.verifiedBy = verifiedBy
      self.origin = origin
    }
  }

  let provider: Provider
  let reader: EventReader
  let scanner: JSONScanner
  private let events: EventBuilder
  private let draft: EventDraft
  private let redaction: Redaction
  private let redacted = ScratchBytes()
  private let payload = ScratchBytes()

  /// `tenant`: for events that name none; without it the source's name takes its place.
  package init(_ provider: Provider, source: String, tenant: String?) throws(JSONTextError) {
    self.provider = provider
    reader = try EventReader(provider.identity)
    scanner = try JSONScanner()
    redaction = Redaction(provider.redactedNames)
    events = EventBuilder(
      reader: reader, tenant: tenant ?? source, carried: provider.carriedHeaders)
    draft = EventDraft(source: source)
  }

  /// Calls `emit` for each event in the body's order, with its exact bytes; both are lent for the
  /// call. Only what the provider's definition calls a secret is blanked in them. What cannot be
  /// read, or has no record id, is an event too, without a key: it must reach the log, and the
  /// consumer decides. An empty array has no events.
  package func split<Failure: Error>(
    _ view: RequestView, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard !redaction.isEmpty, redaction.concerns(view.body) else {
      return try splitClean(view, arrival, emit)
    }
    let copy = redacted.copy(view.body)
    redaction.apply(copy)
    let clean = RequestView(
      method: view.method, target: view.target, head: view.head, fields: view.fields,
      body: UnsafeRawBufferPointer(copy))
    try splitClean(clean, arrival, emit)
  }

  private func splitClean<Failure: Error>(
    _ view: RequestView, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let isForm = events.begin(view, arrival, draft)
    var request = RequestSight(view: view)
    if reader.usesQuery { request.query = query(view) }
    if reader.usesForms, isForm {
      try splitForm(request, arrival, emit)
    } else if provider.splitting.xmlPath != nil || reader.usesXML, Self.looksLikeXML(view.body) {
      try splitXML(request, arrival, emit)
    } else if provider.splitting.isPlain {
      try splitRows(request, arrival, emit)
    } else {
      try splitNested(request, arrival, emit)
    }
  }

  /// The body is the event, or its elements are: one scan finds them and their fields.
  private func splitRows<Failure: Error>(
    _ request: RequestSight, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let body = request.view.body
    guard let count = rows(body) else { return try emitWhole(request, arrival, emit) }
    var sight = sight(request, body)
    sight.request.isJSON = true
    for index in 0..<count {
      let value = scanner.element(index).whole(in: body)
      sight.row = scanner.row(index)
      sight.value = value
      sight.json = value
      try emit(write(&sight, arrival, index, of: count), value)
    }
  }

  /// How many events the body has; nil when it must stay one that nobody can key.
  private func rows(_ body: UnsafeRawBufferPointer) -> Int? {
    do throws(JSONTextError) {
      try scanner.scan(body, fields: reader.fields)
    } catch {
      return nil
    }
    // An array where one event was expected is one event all the same.
    guard !scanner.isArray || !provider.splitting.paths.isEmpty else { return nil }
    guard scanner.count <= provider.eventsMax else { return nil }
    return scanner.count
  }

  private func splitNested<Failure: Error>(
    _ request: RequestSight, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    let body = request.view.body
    let finder = PieceFinder(
      splitting: provider.splitting, eventsMax: provider.eventsMax, scanner: scanner)
    guard let pieces = finder.pieces(of: body) else {
      return try emitWhole(request, arrival, emit)
    }
    var request = request
    request.isJSON = true
    let shared = SharedValues()
    var scannedRange: Range<Int>?
    for (index, piece) in pieces.enumerated() {
      let value = UnsafeRawBufferPointer(rebasing: body[piece.range])
      // Events that are repeated share their bytes, and one scan of them.
      var isScanned = scannedRange == piece.range
      if !isScanned {
        isScanned = (try? scanner.scan(value, fields: reader.fields)) != nil
        scannedRange = isScanned ? piece.range : nil
        shared.enterEvent()
      }
      var sight = sight(request, value)
      if isScanned, !scanner.isArray { sight.row = scanner.row(0) }
      sight.json = value
      sight.shared = shared
      sight.up = piece.upper.map { UnsafeRawBufferPointer(rebasing: body[$0]) }
      sight.item = piece.item
      shared.enter(upperStart: piece.upper?.lowerBound ?? -1)
      try emit(write(&sight, arrival, index, of: pieces.count), value)
    }
  }

  private func splitForm<Failure: Error>(
    _ request: RequestSight, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    var request = request
    let form = FormFields(request.view.body)
    request.form = form
    var sight = sight(request, request.view.body)
    if let name = provider.identity.formJSON, let bytes = form.bytes(name) {
      let json = UnsafeRawBufferPointer(payload.copy(bytes))
      if (try? scanner.scan(json, fields: reader.fields)) != nil, !scanner.isArray {
        sight.row = scanner.row(0)
        sight.scanned = json
        sight.json = json
      }
    }
    try emit(write(&sight, arrival, 0, of: 1), request.view.body)
  }

  private func splitXML<Failure: Error>(
    _ request: RequestSight, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    guard let tree = try? XMLScanner().scan(request.view.body) else {
      return try emitWhole(request, arrival, emit)
    }
    var request = request
    request.xml = tree
    let found = provider.splitting.xmlPath.map { tree.all($0) } ?? [0]
    guard (1...provider.eventsMax).contains(found.count) else {
      return try emitWhole(request, arrival, emit)
    }
    for (index, element) in found.enumerated() {
      let isPart = provider.splitting.xmlPath != nil
      let value =
        isPart
        ? UnsafeRawBufferPointer(rebasing: request.view.body[tree.elements[element].range])
        : request.view.body
      var sight = sight(request, value)
      sight.element = element
      try emit(write(&sight, arrival, index, of: found.count), value)
    }
  }

  /// As one event, of which only headers and query can tell anything.
  private func emitWhole<Failure: Error>(
    _ request: RequestSight, _ arrival: Arrival,
    _ emit: (EventDraft, UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    var sight = sight(request, request.view.body)
    try emit(write(&sight, arrival, 0, of: 1), request.view.body)
  }

  private func write(
    _ sight: inout EventSight, _ arrival: Arrival, _ index: Int, of count: Int
  ) -> EventDraft {
    events.write(
      &sight, to: draft, envelopeId: arrival.envelopeId, index: index, count: count)
    return draft
  }

  private func sight(_ request: RequestSight, _ value: UnsafeRawBufferPointer) -> EventSight {
    EventSight(request: request, value: value, scanned: value, reader: reader)
  }

  private func query(_ view: RequestView) -> FormFields {
    let start = view.target.firstIndex(of: UInt8(ascii: "?")).map { $0 + 1 } ?? view.target.endIndex
    return FormFields(view.target[start...])
  }

  private static func looksLikeXML(_ body: UnsafeRawBufferPointer) -> Bool {
    // Blanks, or a byte order mark, may stand before it.
    body.prefix(16).first { $0 > 0x20 && $0 < 0x80 } == UInt8(ascii: "<")
  }
}
