// Reading single values.

extension SettingReader {
  /// A whole number; underscores may group its digits.
  mutating func integer(
    _ node: YAMLNode?, _ path: SettingPath, _ range: ClosedRange<Int>
  ) -> Int? {
    guard let text = scalar(node, path) else { return nil }
    let digits = text.contains("__") ? text : text.filter { $0 != "_" }
    guard let number = Int(digits) else {
      report(path, "must be a whole number, not \"\(text)\"" + origin(path))
      return nil
    }
    guard range.contains(number) else {
      report(
        path, "must be \(range.lowerBound) to \(range.upperBound), not \(number)" + origin(path))
      return nil
    }
    return number
  }

  mutating func text(
    _ node: YAMLNode?, _ path: SettingPath, _ rule: TextRule, isRequired: Bool,
    mayBeEmpty: Bool = false
  ) -> String? {
    guard let text = scalar(node, path) else {
      if isRequired, !hasFailed(path) { report(path, "is missing and has no default") }
      return nil
    }
    guard !text.isEmpty else {
      if mayBeEmpty { return text }
      report(path, "must not be empty" + origin(path))
      return nil
    }
    if let complaint = rule.complaint(about: text) {
      report(path, complaint + origin(path))
      return nil
    }
    return text
  }

  mutating func texts(_ node: YAMLNode?, _ path: SettingPath, _ rule: TextRule) -> [String] {
    items(node, path).compactMap { itemPath, item in
      text(item, itemPath, rule, isRequired: true)
    }
  }

  mutating func choice(
    _ node: YAMLNode?, _ path: SettingPath, _ allowed: [String], isRequired: Bool
  ) -> String? {
    guard let text = scalar(node, path) else {
      if isRequired, !hasFailed(path) {
        report(path, "is missing; one of \(allowed.joined(separator: ", "))")
      }
      return nil
    }
    guard allowed.contains(text) else {
      let nearest = NearestName.of(text, among: allowed)
      report(
        path,
        "unknown value \"\(text)\"; "
          + (nearest.map { "did you mean \($0)?" }
            ?? "one of \(allowed.joined(separator: ", "))") + origin(path))
      return nil
    }
    return text
  }

  mutating func secrets(
    _ node: YAMLNode?, _ path: SettingPath, neededBy part: ConfigurationScope
  ) -> [Secret] {
    items(node, path).compactMap { secret($1, $0, neededBy: part) }
  }

  mutating func secret(
    _ node: YAMLNode?, _ path: SettingPath, neededBy part: ConfigurationScope
  ) -> Secret? {
    guard let text = scalar(node, path) else { return nil }
    guard let reference = SecretReference(text) else {
      report(path, "write where the secret is: env:NAME, file:PATH or text:VALUE")
      return nil
    }
    return resolve(reference, path, neededBy: part)
  }

  mutating func properties(
    _ node: YAMLNode?, _ path: SettingPath, neededBy part: ConfigurationScope
  ) -> [String: Secret] {
    var properties: [String: Secret] = [:]
    for member in mapping(node, path) {
      guard let text = scalar(member.value, path + member.key) else { continue }
      if let reference = SecretReference(text) {
        properties[member.key] = resolve(reference, path + member.key, neededBy: part)
      } else {
        properties[member.key] = Secret(text)
      }
    }
    return properties
  }

  private mutating func resolve(
    _ reference: SecretReference, _ path: SettingPath, neededBy part: ConfigurationScope
  ) -> Secret? {
    guard !scope.isDisjoint(with: part) else { return Secret(unresolved: reference.shown) }
    switch reference.lookUp(in: environment) {
    case .success(let secret): return secret
    case .failure(let complaint):
      report(path, complaint.message)
      return nil
    }
  }
}
