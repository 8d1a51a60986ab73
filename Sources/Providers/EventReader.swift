// Reads the values that an identity names out of one event.

import JSONText
import Signatures

/// An identity with its places prepared: first-level fields are found in the scan that splits the
/// body, deeper ones by a scan of their own. To be used by one thread at a time.
struct EventReader {
  enum Place {
    case header(HeaderName)
    /// Index into `fields`.
    case field(Int)
    case pointer(String)
    case text(String)
  }

  let fields: JSONFields
  let id: [Place]
  let optionalId: [Place]
  let type: Place?
  let object: Object?
  let recordId: Place?
  let tenant: Place?
  let time: Place?

  enum Object {
    case value(Place)
    case firstPartOfType(generic: String, named: Place?, aliases: [String: String])
  }

  init(_ identity: EventIdentity) {
    var names: [String] = []
    func place(_ locator: Locator) -> Place {
      switch locator {
      case .header(let name): return .header(HeaderName(name))
      case .text(let text): return .text(text)
      case .json(let pointer):
        let name = String(pointer.dropFirst())
        let isPlain =
          !name.isEmpty
          && name.utf8.allSatisfy { byte in
            byte > 0x20 && byte != 0x22 && byte != 0x2F && byte != 0x5C && byte != 0x7E
          }
        guard isPlain else { return .pointer(pointer) }
        if let known = names.firstIndex(of: name) { return .field(known) }
        names.append(name)
        return .field(names.count - 1)
      }
    }
    id = identity.id.map(place)
    optionalId = identity.optionalId.map(place)
    type = identity.type.map(place)
    object = identity.object.map { rule in
      switch rule {
      case .value(let locator): .value(place(locator))
      case .firstPartOfType(let generic, let named, let aliases):
        .firstPartOfType(generic: generic, named: named.map(place), aliases: aliases)
      }
    }
    recordId = identity.recordId.map(place)
    tenant = identity.tenant.map(place)
    time = identity.time.map(place)
    fields = JSONFields(names)
  }
}

/// One event at hand: its fields as found, and where to look for the rest.
struct EventSight {
  let view: RequestView
  let value: UnsafeRawBufferPointer
  /// Has scanned the body; nil when that is no JSON, or must stay one event.
  let scanner: JSONScanner?
  /// The event's row in it.
  let row: Int
  /// For values that lie deeper: the rows above must stand meanwhile.
  let lookup: JSONScanner

  /// Non-empty text, or nil.
  func text(_ place: EventReader.Place?) -> String? {
    guard let place else { return nil }
    let found: String? =
      switch place {
      case .header(let name): view.header(name).map { String(decoding: $0, as: UTF8.self) }
      case .field(let index): slice(index).text(in: view.body)
      case .pointer(let pointer): lookup.text(at: pointer, in: value)
      case .text(let text): text
      }
    return found?.isEmpty == true ? nil : found
  }

  /// Appends the text's bytes; false when there is none.
  func append(_ place: EventReader.Place, to bytes: inout [UInt8]) -> Bool {
    switch place {
    case .header(let name):
      guard let value = view.header(name), !value.isEmpty else { return false }
      bytes.append(contentsOf: value)
    case .field(let index):
      let slice = slice(index)
      guard slice.kind == .string || slice.kind == .number else { return appendText(place, &bytes) }
      bytes.append(contentsOf: slice.raw(in: view.body))
    case .pointer, .text: return appendText(place, &bytes)
    }
    return true
  }

  private func appendText(_ place: EventReader.Place, _ bytes: inout [UInt8]) -> Bool {
    guard let text = text(place) else { return false }
    bytes.append(contentsOf: text.utf8)
    return true
  }

  func integer(_ place: EventReader.Place) -> Int64? {
    guard case .field(let index) = place else { return text(place).flatMap { Int64($0) } }
    let slice = slice(index)
    return slice.integer(in: view.body) ?? slice.text(in: view.body).flatMap { Int64($0) }
  }

  private func slice(_ index: Int) -> JSONSlice {
    scanner?.field(row, index) ?? JSONSlice(kind: .missing, range: 0..<0)
  }
}
