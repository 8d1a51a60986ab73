// Where a setting stands: `sources.crm.public_url`.

/// The names from the root of the file to one setting.
struct SettingPath: Sendable, Hashable, CustomStringConvertible {
  /// Variables with this prefix override settings; any that names no setting is a problem.
  static let variablePrefix = "HOOKFERRY__"

  var names: [String]

  init(_ names: [String] = []) { self.names = names }

  /// From the written form; for names without dots.
  init(_ text: String) { names = text.split(separator: ".").map(String.init) }

  var description: String {
    names.reduce(into: "") { text, name in
      text += text.isEmpty || name.hasPrefix("[") ? name : ".\(name)"
    }
  }

  /// `HOOKFERRY__SOURCES__CRM__PUBLIC_URL`
  var variable: String {
    Self.variablePrefix
      + names.map { name in
        String(name.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
      }.joined(separator: "__")
  }

  static func + (path: SettingPath, name: String) -> SettingPath {
    SettingPath(path.names + [name])
  }
}
