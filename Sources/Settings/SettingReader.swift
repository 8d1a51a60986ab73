// Walks the text along the declarations. Every problem is noted and reading goes on with the
// default, so that one run shows all of them.

/// What has been read and what was wrong. A problem's setting counts as unread afterwards, so that
/// checks between settings do not add noise to it.
struct SettingReader {
  let file: String
  let environment: [String: String]
  let scope: ConfigurationScope
  private(set) var problems: [ConfigurationProblem] = []
  private var places: [SettingPath: TextPlace] = [:]
  private var failed: Set<SettingPath> = []
  private var variables: Set<String> = []

  init(file: String, environment: [String: String], scope: ConfigurationScope) {
    self.file = file
    self.environment = environment
    self.scope = scope
  }

  mutating func report(_ path: SettingPath, at place: TextPlace? = nil, _ message: String) {
    failed.insert(path)
    let place = place ?? nearestPlace(path)
    problems.append(
      ConfigurationProblem(
        file: file, line: place?.line, column: place?.column, key: path.description,
        message: message))
  }

  func hasFailed(_ path: SettingPath) -> Bool { failed.contains(path) }

  /// The setting itself or an item of its list.
  func hasFailed(within path: SettingPath) -> Bool {
    failed.contains { $0.names.starts(with: path.names) }
  }

  /// Reads the members of a mapping; a missing mapping is read as an empty one, for the defaults.
  mutating func members<Target>(
    _ entries: [Entry<Target>], _ node: YAMLNode?, _ path: SettingPath, _ target: inout Target
  ) {
    let members = mapping(node, path)
    let known = entries.map(\.name)
    for member in members where !known.contains(member.key) {
      let nearest = NearestName.of(member.key, among: known)
      report(
        path + member.key, at: member.keyPlace,
        nearest.map { "unknown key; did you mean \($0)?" }
          ?? "unknown key; known here: \(known.joined(separator: ", "))")
    }
    for entry in entries {
      let member = members.first { $0.key == entry.name }
      let memberPath = path + entry.name
      if let member { places[memberPath] = member.keyPlace }
      entry.read(&self, member?.value, memberPath, &target)
    }
  }

  /// Members whose keys the user chose.
  mutating func namedMembers(_ node: YAMLNode?, _ path: SettingPath) -> [YAMLMember] {
    let members = mapping(node, path)
    for member in members {
      places[path + member.key] = member.keyPlace
      if !TextRule.isName(member.key) {
        report(
          path + member.key,
          "a name is 1 to 64 letters, digits, '-' or '_', and begins with a letter or digit")
      }
    }
    return members
  }

  /// The text of a scalar and, where it was overridden, of the variable that did it. Nil when
  /// there is none or it is not a scalar, which is reported.
  mutating func scalar(_ node: YAMLNode?, _ path: SettingPath) -> String? {
    let variable = path.variable
    variables.insert(variable)
    if let text = environment[variable] {
      places[path] = nil
      return text
    }
    guard let node else { return nil }
    places[path] = places[path] ?? node.place
    switch node.content {
    case .scalar(let text): return text
    case .null: report(path, at: node.place, "has no value")
    case .sequence: report(path, at: node.place, "must be one value, not a list")
    case .mapping: report(path, at: node.place, "must be one value, not a mapping")
    }
    return nil
  }

  /// The items of a list, each with its path; one scalar is read as a list of one.
  mutating func items(_ node: YAMLNode?, _ path: SettingPath) -> [(SettingPath, YAMLNode)] {
    guard let node else { return [] }
    switch node.content {
    case .sequence(let items):
      return items.enumerated().map { index, item in
        let itemPath = path + "[\(index)]"
        places[itemPath] = item.place
        return (itemPath, item)
      }
    case .scalar: return [(path, node)]
    case .null: return []
    case .mapping:
      report(path, at: node.place, "must be a list")
      return []
    }
  }

  mutating func mapping(_ node: YAMLNode?, _ path: SettingPath) -> [YAMLMember] {
    guard let node else { return [] }
    switch node.content {
    case .mapping(let members): return members
    case .null: return []
    case .scalar, .sequence:
      report(path, at: node.place, "must be a mapping of keys to values")
      return []
    }
  }

  /// Call when everything has been read: a variable that names no setting is a slip too.
  mutating func reportUnknownVariables() {
    for name in environment.keys.sorted()
    where name.hasPrefix(SettingPath.variablePrefix) && !variables.contains(name) {
      let nearest = NearestName.of(name, among: Array(variables))
      problems.append(
        ConfigurationProblem(
          file: "environment", key: name,
          message: "names no setting" + (nearest.map { "; did you mean \($0)?" } ?? "")))
    }
  }

  /// Says in a message where the value came from when it was not the file.
  func origin(_ path: SettingPath) -> String {
    environment[path.variable] == nil ? "" : " (from the variable \(path.variable))"
  }

  private func nearestPlace(_ path: SettingPath) -> TextPlace? {
    guard environment[path.variable] == nil else { return nil }
    var path = path
    while !path.names.isEmpty {
      if let place = places[path] { return place }
      path.names.removeLast()
    }
    return nil
  }
}
