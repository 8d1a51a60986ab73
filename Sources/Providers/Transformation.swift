// What may be done to a value before it becomes part of an event's identity.

import JSONText
import Signatures

/// One step of a locator: text in, text or nothing out. Pure. Arguments are UTF-8.
package enum Transformation: Sendable, Equatable {
  /// Behind or before the first or last occurrence; a text without one stays as it is.
  case after([UInt8]), before([UInt8]), afterLast([UInt8]), beforeLast([UInt8])
  case lower, upper
  /// Another name, where `aliases` has one.
  case alias
  /// Nothing, where the text is this.
  case not([UInt8])
  /// Nothing, where the text has this in it.
  case without([UInt8])
  /// This, whatever was found.
  case `as`([UInt8])
  /// 64 hex digits.
  case sha256
  /// Salesforce ids of 15 characters in the form of 18.
  case salesforceId
  /// A place in a text that is JSON itself.
  case json(JSONPath)

  /// Parses `before:.` and the like.
  init?(_ word: Substring) {
    switch word {
    case "lower": self = .lower
    case "upper": self = .upper
    case "alias": self = .alias
    case "sha256": self = .sha256
    case "salesforce-id": self = .salesforceId
    default:
      let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[1].isEmpty else { return nil }
      let argument = Array(parts[1].utf8)
      switch parts[0] {
      case "after": self = .after(argument)
      case "before": self = .before(argument)
      case "after-last": self = .afterLast(argument)
      case "before-last": self = .beforeLast(argument)
      case "not": self = .not(argument)
      case "without": self = .without(argument)
      case "as": self = .as(argument)
      case "json":
        guard let path = JSONPath(String(parts[1])) else { return nil }
        self = .json(path)
      default: return nil
      }
    }
  }

  /// Changes the text that begins at `start` and is the last in `bytes`; false when nothing is left
  /// of it.
  func apply(_ bytes: inout ByteWriter, from start: Int, _ reader: EventReader) -> Bool {
    switch self {
    case .after(let mark):
      if let at = Self.first(mark, bytes, start) { bytes.remove(start..<at + mark.count) }
    case .before(let mark):
      if let at = Self.first(mark, bytes, start) { bytes.truncate(to: at) }
    case .afterLast(let mark):
      if let at = Self.last(mark, bytes, start) { bytes.remove(start..<at + mark.count) }
    case .beforeLast(let mark):
      if let at = Self.last(mark, bytes, start) { bytes.truncate(to: at) }
    case .lower: Self.replace(&bytes, start) { $0.lowercased() }
    case .upper: Self.replace(&bytes, start) { $0.uppercased() }
    case .alias:
      let known = reader.aliases.firstIndex { Self.isEqual($0.name, bytes, start) }
      if let known { Self.replace(&bytes, start, by: reader.aliases[known].other) }
    case .not(let value): return !Self.isEqual(value, bytes, start)
    case .without(let part): return Self.first(part, bytes, start) == nil
    case .as(let value): Self.replace(&bytes, start, by: value)
    case .sha256:
      let hash = BodyHash.sha256(bytes.bytes(start..<bytes.count))
      Self.replace(&bytes, start, by: Array(hash.utf8))
    case .salesforceId: Self.replace(&bytes, start, Self.salesforceId)
    case .json(let path):
      let text = bytes.bytes(start..<bytes.count)
      let found = reader.lookup.find(path, in: text).flatMap { $0.slice.text(in: $0.base) }
      Self.replace(&bytes, start, by: Array((found ?? "").utf8))
    }
    return bytes.count > start
  }

  private static func replace(
    _ bytes: inout ByteWriter, _ start: Int, _ change: (String) -> String
  ) {
    let text = change(String(decoding: bytes.bytes(start..<bytes.count), as: UTF8.self))
    replace(&bytes, start, by: Array(text.utf8))
  }

  private static func replace(_ bytes: inout ByteWriter, _ start: Int, by text: [UInt8]) {
    bytes.truncate(to: start)
    bytes.append(text)
  }

  private static func isEqual(
    _ text: [UInt8], _ bytes: borrowing ByteWriter, _ start: Int
  ) -> Bool {
    bytes.count - start == text.count && stands(text, bytes.bytes, start)
  }

  /// Where the mark first stands; bytes will do, since no mark combines with its neighbour.
  private static func first(
    _ mark: [UInt8], _ bytes: borrowing ByteWriter, _ start: Int
  ) -> Int? {
    let text = bytes.bytes
    var at = start
    while at + mark.count <= text.count {
      if stands(mark, text, at) { return at }
      at += 1
    }
    return nil
  }

  private static func last(_ mark: [UInt8], _ bytes: borrowing ByteWriter, _ start: Int) -> Int? {
    let text = bytes.bytes
    var at = text.count - mark.count
    while at >= start {
      if stands(mark, text, at) { return at }
      at -= 1
    }
    return nil
  }

  private static func stands(_ mark: [UInt8], _ text: UnsafeRawBufferPointer, _ at: Int) -> Bool {
    for place in mark.indices where text[at + place] != mark[place] { return false }
    return true
  }

  /// Each of the three added characters tells the case of five: without them two ids could differ
  /// in case alone. Other lengths stay as they are.
  static func salesforceId(_ id: String) -> String {
    let bytes = Array(id.utf8)
    let isId = bytes.allSatisfy { byte in
      byte &- 0x30 < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26
    }
    guard bytes.count == 15, isId else { return id }
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345".utf8)
    var suffix: [UInt8] = []
    for start in stride(from: 0, to: 15, by: 5) {
      var bits = 0
      for offset in 0..<5 where bytes[start + offset] &- UInt8(ascii: "A") < 26 {
        bits |= 1 << offset
      }
      suffix.append(digits[bits])
    }
    return String(decoding: bytes + suffix, as: UTF8.self)
  }
}
