// What may be done to a value before it becomes part of an event's identity.

import JSONText
import Signatures

/// One step of a locator: text in, text or nothing out. Pure.
package enum Transformation: Sendable, Equatable {
  /// Behind or before the first or last occurrence; a text without one stays as it is.
  case after(String), before(String), afterLast(String), beforeLast(String)
  case lower, upper
  /// Another name, where `aliases` has one.
  case alias
  /// Nothing, where the text is this.
  case not(String)
  /// Nothing, where the text has this in it.
  case without(String)
  /// This, whatever was found.
  case `as`(String)
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
      let argument = String(parts[1])
      switch parts[0] {
      case "after": self = .after(argument)
      case "before": self = .before(argument)
      case "after-last": self = .afterLast(argument)
      case "before-last": self = .beforeLast(argument)
      case "not": self = .not(argument)
      case "without": self = .without(argument)
      case "as": self = .as(argument)
      case "json":
        guard let path = JSONPath(argument) else { return nil }
        self = .json(path)
      default: return nil
      }
    }
  }

  /// Nil when nothing is left.
  func apply(_ text: String, aliases: [String: String], lookup: JSONScanner) -> String? {
    switch self {
    case .after(let mark):
      Self.range(of: mark, in: text).map { String(text[$0.upperBound...]) }
        ?? text
    case .before(let mark):
      Self.range(of: mark, in: text).map { String(text[..<$0.lowerBound]) }
        ?? text
    case .afterLast(let mark):
      Self.lastRange(of: mark, in: text).map { String(text[$0.upperBound...]) } ?? text
    case .beforeLast(let mark):
      Self.lastRange(of: mark, in: text).map { String(text[..<$0.lowerBound]) } ?? text
    case .lower: text.lowercased()
    case .upper: text.uppercased()
    case .alias: aliases[text] ?? text
    case .not(let value): text == value ? nil : text
    case .without(let part): Self.range(of: part, in: text) == nil ? text : nil
    case .as(let value): value
    case .sha256: Array(text.utf8).withUnsafeBytes { BodyHash.sha256($0) }
    case .salesforceId: Self.salesforceId(text)
    case .json(let path):
      Array(text.utf8).withUnsafeBytes { bytes in
        lookup.find(path, in: bytes).flatMap { $0.slice.text(in: $0.base) }
      }
    }
  }

  /// By bytes: comparing characters would cost more, and no mark combines with its neighbour.
  private static func range(of mark: String, in text: String) -> Range<String.Index>? {
    if mark.utf8.count == 1, let byte = mark.utf8.first {
      return text.utf8.firstIndex(of: byte).map { $0..<text.utf8.index(after: $0) }
    }
    return text.firstRange(of: mark)
  }

  private static func lastRange(of mark: String, in text: String) -> Range<String.Index>? {
    if mark.utf8.count == 1, let byte = mark.utf8.first {
      return text.utf8.lastIndex(of: byte).map { $0..<text.utf8.index(after: $0) }
    }
    return text.ranges(of: mark).last
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
