// Reads the values that schemes and handshakes name. Not for the plain schemes, whose values are
// bytes of headers: what is read here is copied.

import JSONText

/// To be used by one thread at a time.
final class PlaceReader {
  private let scanner: JSONScanner

  /// What is read of a request outside of the request itself.
  struct Surroundings {
    var view: RequestView
    /// The JSON that `json:` pointers lead into: the body, or one item of it.
    var item: UnsafeRawBufferPointer
  }

  init() throws(SchemeError) {
    do { scanner = try JSONScanner() } catch { throw .cryptography("memory for reading JSON") }
  }

  private static let authorization = HeaderName("authorization")

  /// The first value at the place; nil where there is none. `headers` and `queries` have none of
  /// their own.
  func value(_ place: Place, _ at: Surroundings) -> [UInt8]? {
    switch place {
    case .header(let name): return at.view.header(name).map { Array($0) }
    case .query(let name): return FormFields.first(name, in: at.view.query)
    case .form(let name): return FormFields.first(name, in: at.view.body)
    case .json(let pointers): return json(pointers, in: at.item)
    case .xml(let name): return XMLField.first(name, in: at.view.body)
    case .path: return at.view.pathSecret.map { FormFields.decoded($0, plusIsSpace: false) }
    case .basic: return credentials("basic", at.view).flatMap { ASCII.base64Decoded($0) }
    case .bearer: return credentials("bearer", at.view).map { Array($0.utf8) }
    case .peerSubject: return at.view.origin?.peerSubject.map { Array($0.utf8) }
    case .headers, .queries: return nil
    }
  }

  func holds(_ condition: Condition, _ at: Surroundings) -> Bool {
    guard let value = value(condition.place, at) else { return false }
    guard let wanted = condition.value.map({ Array($0.utf8) }) else { return true }
    guard condition.isPart else { return value.elementsEqual(wanted) }
    return value.indices.contains { value[$0...].starts(with: wanted) }
  }

  /// Of texts, numbers and truth values; anything else counts as absent.
  func json(_ pointers: [String], in bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    for pointer in pointers {
      guard (try? scanner.scan(bytes, at: pointer)) != nil, !scanner.isArray, scanner.count == 1
      else { continue }
      let slice = scanner.element(0)
      switch slice.kind {
      case .string, .number, .true, .false: return Array(slice.raw(in: bytes))
      case .escapedString: return slice.text(in: bytes).map { Array($0.utf8) }
      case .missing, .null, .object, .array: continue
      }
    }
    return nil
  }

  /// The objects of an array, where they lie; nil when there is no such array.
  func elements(_ pointer: String, in bytes: UnsafeRawBufferPointer) -> [Range<Int>]? {
    let pointer = pointer == "/" ? "" : pointer
    guard (try? scanner.scan(bytes, at: pointer)) != nil, scanner.isArray else { return nil }
    var ranges: [Range<Int>] = []
    for row in 0..<scanner.count {
      let slice = scanner.element(row)
      guard slice.kind == .object else { return nil }
      ranges.append(slice.range)
    }
    return ranges
  }

  private func credentials(_ scheme: String, _ view: RequestView) -> String? {
    guard let value = view.header(Self.authorization) else { return nil }
    let parts = String(decoding: value, as: UTF8.self).split(separator: " ", maxSplits: 1)
    guard parts.count == 2, parts[0].utf8.map(ASCII.lowercased).elementsEqual(scheme.utf8) else {
      return nil
    }
    let rest = parts[1].drop { $0 == " " }
    return rest.isEmpty ? nil : String(rest)
  }
}
