// One event at hand: its fields as found, and where to look for the rest.

import JSONText
import Signatures
import XMLText

/// What all events of one request see.
struct RequestSight {
  let view: RequestView
  var query: FormFields?
  var form: FormFields?
  var xml: XMLTree?
  /// False for a body that is no JSON.
  var isJSON = false
}

/// Reads the values that an identity names out of one event.
struct EventSight: ~Copyable {
  let request: RequestSight
  /// The event's exact bytes.
  let value: UnsafeRawBufferPointer
  /// Has scanned `json`; nil when that is no JSON, or must stay one event.
  var scanner: JSONScanner?
  /// The event's row in it.
  var row = 0
  /// What the row's offsets are of.
  var scanned: UnsafeRawBufferPointer
  /// For values that lie deeper: the rows above must stand meanwhile.
  let lookup: JSONScanner
  /// Where deeper values are looked for: the event, or a form's JSON.
  var json: UnsafeRawBufferPointer?
  var up: UnsafeRawBufferPointer?
  /// Its index in the request's tree.
  var element: Int?
  var item: String?
  let aliases: [String: String]
  /// What was found in places that events share, where they share any.
  var shared: SharedValues?
  var type: String?

  /// Non-empty text, or nil.
  func text(_ place: EventReader.Place?) -> String? {
    switch place {
    case nil: nil
    case .plain(let source)?: Self.nonEmpty(text(source))
    case .firstOf(let sources)?: text(firstOf: sources)
    case .expression(let alternatives)?: expression(alternatives)
    }
  }

  /// Appends the text's bytes; false when there is none.
  func append(_ place: EventReader.Place, to bytes: inout [UInt8]) -> Bool {
    switch place {
    case .plain(let source): append(source, &bytes)
    case .firstOf(let sources): sources.contains { append($0, &bytes) }
    case .expression(let alternatives): append(expression(alternatives), &bytes)
    }
  }

  private func append(_ source: EventReader.Source, _ bytes: inout [UInt8]) -> Bool {
    switch source {
    case .header(let name):
      guard let value = request.view.header(name), !value.isEmpty else { return false }
      bytes.append(contentsOf: value)
    case .field(let index):
      let slice = slice(index)
      guard slice.kind == .string || slice.kind == .number else {
        return append(Self.nonEmpty(text(source)), &bytes)
      }
      guard !slice.range.isEmpty else { return false }
      bytes.append(contentsOf: slice.raw(in: scanned))
    default: return append(Self.nonEmpty(text(source)), &bytes)
    }
    return true
  }

  private func append(_ text: String?, _ bytes: inout [UInt8]) -> Bool {
    guard let text else { return false }
    bytes.append(contentsOf: text.utf8)
    return true
  }

  /// A number as it is, anything else as a time.
  func number(_ place: EventReader.Place) -> Int64? {
    if case .plain(.field(let index)) = place, let number = slice(index).integer(in: scanned) {
      return number
    }
    guard let text = text(place) else { return nil }
    return Int64(text) ?? EventTime.ms(text)
  }

  private func text(firstOf sources: [EventReader.Source]) -> String? {
    for source in sources {
      if let text = Self.nonEmpty(text(source)) { return text }
    }
    return nil
  }

  private func expression(_ alternatives: [[EventReader.Part]]) -> String? {
    for parts in alternatives {
      var joined: String?
      for part in parts {
        guard let text = text(part) else {
          joined = nil
          break
        }
        joined = joined.map { $0 + text } ?? text
      }
      if let joined { return joined }
    }
    return nil
  }

  private func text(_ part: EventReader.Part) -> String? {
    // An object has a hash and no text.
    let isHashed = part.steps.first == .sha256
    var found = Self.nonEmpty(isHashed ? raw(part.source) : text(part.source))
    for step in part.steps {
      guard let text = found else { return nil }
      found = Self.nonEmpty(step.apply(text, aliases: aliases, lookup: lookup))
    }
    return found
  }

  private func text(_ source: EventReader.Source) -> String? {
    switch source {
    case .header(let name):
      request.view.header(name).map { String(decoding: $0, as: UTF8.self) }
    case .query(let name): request.query?.text(name)
    case .form(let name): request.form?.text(name)
    case .field(let index): slice(index).text(in: scanned)
    case .under(let index, let path): under(index, path)
    case .json(let path): json.flatMap { json in own(path, -1) { deep(path, in: json) } }
    case .up(let path):
      if let shared, let up { shared.upper(path) { deep(path, in: up) } } else { nil }
    case .body(let path): body(path)
    case .xml(let path): element.flatMap { request.xml?.text(path, from: $0) }
    case .text(let text): text
    case .item: item
    case .type: type
    case .event: String(decoding: value, as: UTF8.self)
    }
  }

  private func under(_ index: Int, _ path: JSONPath) -> String? {
    let slice = slice(index)
    guard slice.isPresent else { return nil }
    return own(path, index) { deep(path, in: slice.whole(in: scanned)) }
  }

  private func own(_ path: JSONPath, _ field: Int, _ find: () -> String?) -> String? {
    guard let shared, item != nil else { return find() }
    return shared.event(path, below: field, find)
  }

  private func body(_ path: JSONPath) -> String? {
    if let xml = request.xml { return xml.text(path.text) }
    guard request.isJSON else { return nil }
    guard let shared else { return deep(path, in: request.view.body) }
    return shared.body(path) { deep(path, in: request.view.body) }
  }

  private func raw(_ source: EventReader.Source) -> String? {
    guard case .field(let index) = source, slice(index).isPresent else { return text(source) }
    return String(decoding: slice(index).whole(in: scanned), as: UTF8.self)
  }

  private func deep(_ path: JSONPath, in bytes: UnsafeRawBufferPointer) -> String? {
    lookup.find(path, in: bytes).flatMap { $0.slice.text(in: $0.base) }
  }

  private func slice(_ index: Int) -> JSONSlice {
    scanner?.field(row, index) ?? JSONSlice(kind: .missing, range: 0..<0)
  }

  private static func nonEmpty(_ text: String?) -> String? { text?.isEmpty == true ? nil : text }
}

/// Values of a body, and of the element around events, found once and not once an event: else many
/// events in a large body would cost their product. Confined to one request.
final class SharedValues {
  private var bodyValues: [String: String?] = [:]
  private var upperValues: [String: String?] = [:]
  private var eventValues: [String: String?] = [:]
  private var upperStart = -1

  func body(_ path: JSONPath, _ find: () -> String?) -> String? {
    if let known = bodyValues[path.text] { return known }
    let found = find()
    bodyValues[path.text] = .some(found)
    return found
  }

  func upper(_ path: JSONPath, _ find: () -> String?) -> String? {
    if let known = upperValues[path.text] { return known }
    let found = find()
    upperValues[path.text] = .some(found)
    return found
  }

  /// Of the event's own bytes, which repeated events share.
  func event(_ path: JSONPath, below field: Int, _ find: () -> String?) -> String? {
    let key = "\(field)\(path.text)"
    if let known = eventValues[key] { return known }
    let found = find()
    eventValues[key] = .some(found)
    return found
  }

  /// Call before an event with other bytes than the last.
  func enterEvent() { eventValues.removeAll(keepingCapacity: true) }

  /// Call before the events of another element.
  func enter(upperStart: Int) {
    guard upperStart != self.upperStart else { return }
    self.upperStart = upperStart
    upperValues.removeAll(keepingCapacity: true)
  }
}
