// Who may import whom.

import Foundation

enum ImportRules {
  /// Imports of a source file that its target's row does not allow.
  static func check(_ file: SourceFile, rows: [ImportRow] = Rules.imports) -> [Violation] {
    guard let target = file.target, file.isSwift else { return [] }
    guard let row = rows.first(where: { $0.target == target }) else {
      return [Violation(path: file.path, line: 1, message: "target \(target) has no import row")]
    }
    return imports(in: file.text).filter { !row.allowed.contains($0.module) }.map {
      Violation(
        path: file.path, line: $0.line, message: "\(target) may not import \($0.module)")
    }
  }

  /// A C module in the rows of two targets: its pointers would have two homes.
  static func sharedCModules(rows: [ImportRow] = Rules.imports) -> [String] {
    Rules.withoutSwift.filter { module in
      rows.count(where: { $0.allowed.contains(module) }) > 1
    }
  }

  /// Pure targets do no unsafe thing, not even by name.
  static func checkPurity(_ file: SourceFile, rows: [ImportRow] = Rules.imports) -> [Violation] {
    guard let target = file.target, file.isSwift,
      rows.contains(where: { $0.target == target && $0.isPure })
    else { return [] }
    return SplitText(file.text).code.enumerated().filter { $1.lowercased().contains("unsafe") }
      .map {
        Violation(path: file.path, line: $0.offset + 1, message: "pure target says unsafe")
      }
  }

  static func imports(in text: String) -> [(line: Int, module: String)] {
    let kinds = "(?:struct|class|enum|func|protocol|var|let|typealias)"
    let access = "(?:public|package|internal|fileprivate|private)"
    let pattern =
      #"^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:"# + access + #"\s+)?import\s+(?:"# + kinds
      + #"\s+)?(\w+)"#
    return SplitText(text).code.enumerated().compactMap { index, line in
      guard let match = line.captures(pattern)?.last else { return nil }
      return (index + 1, match)
    }
  }
}

extension String {
  /// The groups of the first match, the whole match first; nil without a match.
  func captures(_ pattern: String) -> [String]? {
    guard let expression = try? NSRegularExpression(pattern: pattern) else {
      preconditionFailure("String.captures: bad pattern \(pattern)")
    }
    let whole = NSRange(startIndex..., in: self)
    guard let match = expression.firstMatch(in: self, range: whole) else { return nil }
    return (0..<match.numberOfRanges).compactMap { index in
      Range(match.range(at: index), in: self).map { String(self[$0]) }
    }
  }
}
