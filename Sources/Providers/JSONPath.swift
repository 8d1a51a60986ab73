// A JSON pointer that can also look up an entry of a key/value array.

import JSONText

/// `/a/b` as in RFC 6901 without `~` escapes; a part `[key=Target]` is the element of an array
/// whose member `key` is the text `Target`.
package struct JSONPath: Sendable, Equatable {
  package let text: String
  let steps: [Step]

  struct Step: Sendable {
    /// May be empty.
    var pointer: String
    var match: Match?
  }

  struct Match: Sendable {
    var member: JSONFields
    var value: String
  }

  /// Nil when it does not begin with a slash, or a bracket is wrong.
  package init?(_ text: String) {
    guard text.hasPrefix("/"), text.utf8.count > 1, !text.utf8.contains(0x7E) else { return nil }
    var steps: [Step] = []
    var pointer = ""
    for part in text.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      guard part.hasPrefix("[") else {
        pointer += "/" + part
        continue
      }
      let words = part.dropFirst().dropLast().split(separator: "=", maxSplits: 1)
      guard part.hasSuffix("]"), words.count == 2, Self.isPlain(words[0]) else { return nil }
      steps.append(
        Step(
          pointer: pointer,
          match: Match(member: JSONFields([String(words[0])]), value: String(words[1]))))
      pointer = ""
    }
    if !pointer.isEmpty { steps.append(Step(pointer: pointer, match: nil)) }
    self.text = text
    self.steps = steps
  }

  package static func == (left: JSONPath, right: JSONPath) -> Bool { left.text == right.text }

  /// The first part, where it is a plain name, and the path behind it, nil when there is none.
  var head: (name: String, rest: JSONPath?)? {
    let parts = text.dropFirst().split(
      separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let name = parts.first, Self.isPlain(name), !name.hasPrefix("[") else { return nil }
    guard parts.count == 2 else { return (String(name), nil) }
    guard let rest = JSONPath("/" + parts[1]) else { return nil }
    return (String(name), rest)
  }

  private static func isPlain(_ name: Substring) -> Bool {
    !name.isEmpty && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7E }
  }
}

extension JSONScanner {
  /// The value at `path` and the bytes that its range is of. Arrays are not values: nil.
  func find(
    _ path: JSONPath, in bytes: UnsafeRawBufferPointer
  ) -> (slice: JSONSlice, base: UnsafeRawBufferPointer)? {
    var base = bytes
    var found: JSONSlice?
    for step in path.steps {
      if let slice = found { base = slice.whole(in: base) }
      found =
        step.match.map { element(step.pointer, $0, in: base) } ?? value(step.pointer, in: base)
      guard found != nil else { return nil }
    }
    return found.map { ($0, base) }
  }

  private func value(_ pointer: String, in bytes: UnsafeRawBufferPointer) -> JSONSlice? {
    guard (try? scan(bytes, at: pointer)) != nil, !isArray, count == 1 else { return nil }
    return element(0)
  }

  private func element(
    _ pointer: String, _ match: JSONPath.Match, in bytes: UnsafeRawBufferPointer
  ) -> JSONSlice? {
    guard (try? scan(bytes, at: pointer, fields: match.member)) != nil, isArray else { return nil }
    for row in 0..<count where field(row, 0).text(in: bytes) == match.value { return element(row) }
    return nil
  }
}

extension JSONSlice {
  /// With a string's quotes, which `range` leaves out.
  var wholeRange: Range<Int> {
    kind == .string || kind == .escapedString
      ? range.lowerBound - 1..<range.upperBound + 1 : range
  }

  /// The exact bytes of the value.
  func whole(in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[wholeRange])
  }
}
