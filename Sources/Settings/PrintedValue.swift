// The configuration as YAML text again, with every secret replaced by where it is kept.

/// A value to be written as YAML.
indirect enum PrintedValue: Sendable {
  case absent
  case plain(String)
  case quoted(String)
  case list([PrintedValue])
  case mapping([(name: String, value: PrintedValue)])

  init(_ secret: Secret) { self = .quoted(secret.reference ?? secret.description) }

  /// Block style for mappings, flow style for lists.
  func lines(indent: Int) -> [String] {
    guard case .mapping(let members) = self else { return [inline] }
    let margin = String(repeating: " ", count: indent)
    return members.flatMap { member -> [String] in
      let name = margin + Self.name(member.name)
      switch member.value {
      case .absent: return []
      case .mapping(let inner) where !inner.isEmpty:
        return ["\(name):"] + member.value.lines(indent: indent + 2)
      default: return ["\(name): \(member.value.inline)"]
      }
    }
  }

  private var inline: String {
    switch self {
    case .absent: "null"
    case .plain(let text): text
    case .quoted(let text): Self.quote(text)
    case .list(let items): "[\(items.map(\.inline).joined(separator: ", "))]"
    case .mapping: "{}"
    }
  }

  private static func name(_ text: String) -> String {
    let isPlain = text.unicodeScalars.allSatisfy {
      $0.isASCII && ($0.properties.isAlphabetic || "0123456789_-.".unicodeScalars.contains($0))
    }
    return isPlain && !text.isEmpty ? text : quote(text)
  }

  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\0"..<" ", "\u{7F}":
        let hex = String(scalar.value, radix: 16, uppercase: true)
        quoted += "\\x" + (hex.count < 2 ? "0" : "") + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension Configuration {
  /// Every setting with the value in force, as YAML that parses again; a secret is shown as its
  /// `env:` or `file:` reference, or as `<redacted>`.
  package var printed: String {
    PrintedValue.mapping(Catalogue.root.printed(self)).lines(indent: 0).joined(separator: "\n")
      + "\n"
  }
}
