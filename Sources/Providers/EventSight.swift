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
  var request: RequestSight
  /// The event's exact bytes.
  var value: UnsafeRawBufferPointer
  /// The event's, of the scan of `json`; nothing when that is no JSON, or must stay one event.
  var row = JSONRow()
  /// What the row's offsets are of.
  var scanned: UnsafeRawBufferPointer
  let reader: EventReader
  /// Where deeper values are looked for: the event, or a form's JSON.
  var json: UnsafeRawBufferPointer?
  var up: UnsafeRawBufferPointer?
  /// Its index in the request's tree.
  var element: Int?
  var item: String?
  /// What was found in places that events share, where they share any.
  var shared: SharedValues?
  /// Where in the bytes that are written the type lies, once it is known.
  var type = 0..<0

  /// Appends a text; false, and nothing, when there is none. Mutating, like what it calls, although
  /// it changes nothing: a value of this size is copied to be borrowed.
  mutating func append(_ place: EventReader.Place, to bytes: inout ByteWriter) -> Bool {
    switch place {
    case .fields(let choice):
      if append(field: choice.first, &bytes) { return true }
      guard let second = choice.second else { return false }
      return append(field: second, &bytes)
    case .firstOf(let sources):
      for index in sources.indices where append(sources[index], &bytes) { return true }
      return false
    case .expression(let alternatives):
      for index in alternatives.indices where append(joined: alternatives[index], &bytes) {
        return true
      }
      return false
    }
  }

  /// A number as it is, anything else as a time. `bytes`: room for a text meanwhile.
  mutating func number(_ place: EventReader.Place, _ bytes: inout ByteWriter) -> Int64? {
    if case .fields(let choice) = place, choice.second == nil,
      let number = row.field(choice.first).integer(in: scanned)
    {
      return number
    }
    let start = bytes.count
    defer { bytes.truncate(to: start) }
    guard append(place, to: &bytes) else { return nil }
    let text = String(decoding: bytes.bytes(start..<bytes.count), as: UTF8.self)
    return Int64(text) ?? EventTime.ms(text)
  }

  private mutating func append(field index: Int, _ bytes: inout ByteWriter) -> Bool {
    let slice = row.field(index)
    switch slice.kind {
    case .string, .number: return bytes.appendText(slice.raw(in: scanned))
    case .escapedString: return bytes.appendText(slice.text(in: scanned))
    case .missing, .true, .false, .null, .object, .array: return false
    }
  }

  private mutating func append(
    joined parts: [EventReader.Part], _ bytes: inout ByteWriter
  ) -> Bool {
    let start = bytes.count
    for index in parts.indices where !append(parts[index], &bytes) {
      bytes.truncate(to: start)
      return false
    }
    return bytes.count > start
  }

  private mutating func append(_ part: EventReader.Part, _ bytes: inout ByteWriter) -> Bool {
    let start = bytes.count
    guard part.isWhole ? appendWhole(part.source, &bytes) : append(part.source, &bytes) else {
      return false
    }
    for index in part.steps.indices {
      guard part.steps[index].apply(&bytes, from: start, reader) else {
        bytes.truncate(to: start)
        return false
      }
    }
    return true
  }

  private mutating func append(_ source: EventReader.Source, _ bytes: inout ByteWriter) -> Bool {
    switch source {
    case .header(let name):
      guard let value = request.view.header(name) else { return false }
      return bytes.appendText(value)
    case .field(let index): return append(field: index, &bytes)
    case .type:
      bytes.append(copyOf: type)
      return !type.isEmpty
    case .text(let text):
      bytes.append(text)
      return !text.isEmpty
    case .event: return bytes.appendText(value)
    case .query, .form, .under, .json, .up, .body, .xml, .item:
      return bytes.appendText(text(source))
    }
  }

  /// Whatever a field is, as it stands.
  private mutating func appendWhole(
    _ source: EventReader.Source, _ bytes: inout ByteWriter
  ) -> Bool {
    guard case .field(let index) = source, row.field(index).isPresent else {
      return append(source, &bytes)
    }
    return bytes.appendText(row.field(index).whole(in: scanned))
  }

  /// The places that have their values as text anyway.
  private func text(_ source: EventReader.Source) -> String? {
    switch source {
    case .query(let name): request.query?.text(name)
    case .form(let name): request.form?.text(name)
    case .under(let index, let path): under(index, path)
    case .json(let path): json.flatMap { json in own(path, -1) { deep(path, in: json) } }
    case .up(let path):
      if let shared, let up { shared.upper(path) { deep(path, in: up) } } else { nil }
    case .body(let path): body(path)
    case .xml(let path): element.flatMap { request.xml?.text(path, from: $0) }
    case .item: item
    case .header, .field, .text, .type, .event: nil
    }
  }

  private func under(_ index: Int, _ path: JSONPath) -> String? {
    let slice = row.field(index)
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

  private func deep(_ path: JSONPath, in bytes: UnsafeRawBufferPointer) -> String? {
    reader.lookup.find(path, in: bytes).flatMap { $0.slice.text(in: $0.base) }
  }
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
