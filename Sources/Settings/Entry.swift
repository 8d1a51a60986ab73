// Declarations that know which stored property they fill. One row here is all that the parser,
// the validator, the printed configuration and docs/CONFIG.md know of a setting.

typealias Path<Root, Value> = any WritableKeyPath<Root, Value> & Sendable

/// A member of the mapping that fills a `Target`.
struct Entry<Target>: Sendable {
  var name: String
  var outline: Outline
  var read: @Sendable (inout SettingReader, YAMLNode?, SettingPath, inout Target) -> Void
  var print: @Sendable (Target) -> PrintedValue
}

// MARK: Settings

extension Entry {
  static func integer(
    _ name: String, _ path: Path<Target, Int>, default fallback: Int, _ range: ClosedRange<Int>,
    _ unit: SettingUnit, _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .integer(range, unit), fallback: String(fallback), isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.integer(node, place, range) ?? fallback
    } print: {
      .plain(String($0[keyPath: path]))
    }
  }

  static func optionalInteger(
    _ name: String, _ path: Path<Target, Int?>, _ range: ClosedRange<Int>, _ unit: SettingUnit,
    _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .integer(range, unit), fallback: nil, isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.integer(node, place, range)
    } print: {
      $0[keyPath: path].map { .plain(String($0)) } ?? .absent
    }
  }

  /// Required where there is no `fallback`.
  static func text(
    _ name: String, _ path: Path<Target, String>, default fallback: String? = nil, _ rule: TextRule,
    _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .text(rule), fallback: fallback, isRequired: fallback == nil, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      let text = reader.text(
        node, place, rule, isRequired: fallback == nil, mayBeEmpty: fallback == "")
      target[keyPath: path] = text ?? fallback ?? ""
    } print: {
      .quoted($0[keyPath: path])
    }
  }

  static func optionalText(
    _ name: String, _ path: Path<Target, String?>, _ rule: TextRule, _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .text(rule), fallback: nil, isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.text(node, place, rule, isRequired: false)
    } print: {
      $0[keyPath: path].map { .quoted($0) } ?? .absent
    }
  }

  static func texts(
    _ name: String, _ path: Path<Target, [String]>, _ rule: TextRule, _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .texts(rule), fallback: "[]", isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.texts(node, place, rule)
    } print: {
      .list($0[keyPath: path].map { .quoted($0) })
    }
  }

  /// Required where there is no `fallback`.
  static func choice(
    _ name: String, _ path: Path<Target, String>, default fallback: String? = nil,
    _ allowed: [String], _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .choice(allowed), fallback: fallback, isRequired: fallback == nil, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      let text = reader.choice(node, place, allowed, isRequired: fallback == nil)
      target[keyPath: path] = text ?? fallback ?? ""
    } print: {
      .plain($0[keyPath: path])
    }
  }

  static func optionalSecret(
    _ name: String, _ path: Path<Target, Secret?>, neededBy scope: ConfigurationScope,
    _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .secret, fallback: nil, isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.secret(node, place, neededBy: scope)
    } print: {
      $0[keyPath: path].map { PrintedValue($0) } ?? .absent
    }
  }

  /// Whether there must be one is for `CrossChecks` to say.
  static func secrets(
    _ name: String, _ path: Path<Target, [Secret]>, neededBy scope: ConfigurationScope,
    _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .secrets, fallback: "[]", isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.secrets(node, place, neededBy: scope)
    } print: {
      .list($0[keyPath: path].map { PrintedValue($0) })
    }
  }

  static func flag(
    _ name: String, _ path: Path<Target, Bool>, default fallback: Bool, _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .choice(["true", "false"]), fallback: String(fallback), isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      let text = reader.choice(node, place, ["true", "false"], isRequired: false)
      target[keyPath: path] = text.map { $0 == "true" } ?? fallback
    } print: {
      .plain(String($0[keyPath: path]))
    }
  }

  /// Names and values that the user chooses.
  static func textMap(
    _ name: String, _ path: Path<Target, [String: String]>, _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .textMap, fallback: "{}", isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      var values: [String: String] = [:]
      for member in reader.mapping(node, place) {
        values[member.key] = reader.scalar(member.value, place + member.key)
      }
      target[keyPath: path] = values
    } print: { target in
      let values = target[keyPath: path].sorted { $0.key < $1.key }
      return .mapping(values.map { ($0.key, .quoted($0.value)) })
    }
  }

  static func properties(
    _ name: String, _ path: Path<Target, [String: Secret]>, neededBy scope: ConfigurationScope,
    _ doc: String
  ) -> Entry {
    let declaration = SettingDeclaration(
      type: .properties, fallback: "{}", isRequired: false, doc: doc)
    return Entry(name: name, outline: .setting(declaration)) { reader, node, place, target in
      target[keyPath: path] = reader.properties(node, place, neededBy: scope)
    } print: { target in
      let properties = target[keyPath: path].sorted { $0.key < $1.key }
      return .mapping(properties.map { ($0.key, PrintedValue($0.value)) })
    }
  }
}

// MARK: Groups

extension Entry {
  /// A mapping whose members fill the same target.
  static func group(_ name: String, _ doc: String, _ entries: [Entry]) -> Entry {
    Entry(name: name, outline: .group(doc: doc, members: entries.outlines())) {
      reader, node, place, target in
      reader.members(entries, node, place, &target)
    } print: { target in
      .mapping(entries.printed(target))
    }
  }

  static func section<Child>(
    _ name: String, _ path: Path<Target, Child>, _ doc: String, _ entries: [Entry<Child>]
  ) -> Entry {
    Entry(name: name, outline: .group(doc: doc, members: entries.outlines())) {
      reader, node, place, target in
      reader.members(entries, node, place, &target[keyPath: path])
    } print: {
      .mapping(entries.printed($0[keyPath: path]))
    }
  }

  /// Stays nil when the file does not have it.
  static func optionalSection<Child: Sendable>(
    _ name: String, _ path: Path<Target, Child?>, blank: Child, _ doc: String,
    _ entries: [Entry<Child>]
  ) -> Entry {
    Entry(name: name, outline: .optionalGroup(doc: doc, members: entries.outlines())) {
      reader, node, place, target in
      guard let node else { return }
      var child = blank
      reader.members(entries, node, place, &child)
      target[keyPath: path] = child
    } print: {
      $0[keyPath: path].map { .mapping(entries.printed($0)) } ?? .absent
    }
  }

  /// A mapping from names to children, in the file's order.
  static func named<Child: Sendable>(
    _ name: String, _ placeholder: String, blank: Child, nameIn namePath: Path<Child, String>,
    _ doc: String, _ entries: [Entry<Child>],
    store: @escaping @Sendable (inout Target, [Child]) -> Void,
    list: @escaping @Sendable (Target) -> [Child]
  ) -> Entry {
    let outline = Outline.named(doc: doc, placeholder: placeholder, members: entries.outlines())
    return Entry(name: name, outline: outline) { reader, node, place, target in
      var children: [Child] = []
      for member in reader.namedMembers(node, place) {
        var child = blank
        child[keyPath: namePath] = member.key
        reader.members(entries, member.value, place + member.key, &child)
        children.append(child)
      }
      store(&target, children)
    } print: { target in
      .mapping(list(target).map { ($0[keyPath: namePath], .mapping(entries.printed($0))) })
    }
  }
}

extension Array {
  func outlines<Target>() -> [(name: String, outline: Outline)] where Element == Entry<Target> {
    map { ($0.name, $0.outline) }
  }

  func printed<Target>(
    _ target: Target
  ) -> [(name: String, value: PrintedValue)] where Element == Entry<Target> {
    map { ($0.name, $0.print(target)) }
  }
}
