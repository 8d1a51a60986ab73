// One log line as text: JSON for machines, aligned words for people.

import Logging
import Model

package enum LogFormat: String, Sendable, CaseIterable {
  /// One JSON object a line.
  case json
  /// For a terminal.
  case text
}

/// A line before it is written. Pure.
struct LogLine {
  /// Longer values are cut: a line is not a place for payloads.
  static let valueCharactersMax = 1000

  var timeMs: Int64
  var level: Logger.Level
  var label: String
  var message: String
  var fields: Logger.Metadata

  func text(_ format: LogFormat) -> String {
    switch format {
    case .json: json
    case .text: words
    }
  }

  private var json: String {
    var line = "{\"ts\":\"\(Timestamp(ms: timeMs).text)\",\"level\":\"\(level.rawValue)\""
    line += ",\"logger\":\(Self.quote(label)),\"msg\":\(Self.quote(Self.cut(message)))"
    for (key, value) in sortedFields { line += ",\(Self.quote(key)):\(Self.json(value))" }
    return line + "}\n"
  }

  private var words: String {
    let time = Timestamp(ms: timeMs).text.dropFirst(11).dropLast()
    let name = level.rawValue.uppercased()
    let padding = String(repeating: " ", count: max(0, 8 - name.count))
    var line = "\(time) \(name)\(padding) \(label): \(Self.oneLine(Self.cut(message)))"
    for (key, value) in sortedFields {
      let shown = Self.oneLine(Self.cut("\(value)"))
      line += " \(key)=" + (shown.contains(" ") ? Self.quote(shown) : shown)
    }
    return line + "\n"
  }

  /// The line's own names win over fields of the same name.
  private var sortedFields: [(String, Logger.MetadataValue)] {
    fields.filter { !["ts", "level", "logger", "msg"].contains($0.key) }
      .sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  private static func json(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): return quote(cut(text))
    case .stringConvertible(let convertible):
      switch convertible {
      case let number as any FixedWidthInteger: return "\(number)"
      case let bool as Bool: return "\(bool)"
      default: return quote(cut("\(convertible)"))
      }
    case .array(let values): return "[\(values.map(json).joined(separator: ","))]"
    case .dictionary(let values):
      let members = values.sorted { $0.key < $1.key }.map { "\(quote($0.key)):\(json($0.value))" }
      return "{\(members.joined(separator: ","))}"
    }
  }

  private static func cut(_ text: String) -> String {
    guard text.count > valueCharactersMax else { return text }
    return text.prefix(valueCharactersMax) + "…"
  }

  // A line break or an escape sequence in a value must not forge a line or drive a terminal.
  private static func oneLine(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    return String(
      String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? "\u{FFFD}" : $0 }))
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
  }

  static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case _ where isControl(scalar):
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
