// What is not written, and what needs a reason beside it.

import Foundation

enum WordRules {
  static func checkBans(_ file: SourceFile) -> [Violation] {
    guard file.isSwift else { return [] }
    let bans = Rules.bans.filter {
      switch $0.area {
      case .sources: file.target != nil
      case .tests: file.isTest
      case .everywhere: true
      }
    }
    return SplitText(file.text).code.enumerated().flatMap { index, line in
      bans.compactMap { ban in
        line.captures(ban.pattern).map {
          Violation(
            path: file.path, line: index + 1, message: "\($0[0]): instead \(ban.instead)")
        }
      }
    }
  }

  static func checkComments(_ file: SourceFile) -> [Violation] {
    guard file.isSwift else { return [] }
    return SplitText(file.text).comments.enumerated().flatMap { index, line in
      Rules.bannedComments.filter { line.captures("\\b\($0)\\b") != nil }.map {
        Violation(path: file.path, line: index + 1, message: "\($0): do it, or write it down")
      }
    }
  }

  static func checkPhrases(_ file: SourceFile) -> [Violation] {
    file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap {
      index, line in
      Rules.bannedPhrases.filter { line.contains($0) }.map {
        Violation(path: file.path, line: index + 1, message: "mentions \($0)")
      }
    }
  }

  /// An unchecked conformance quotes the promise that makes it safe, on its line or just above.
  static func checkUnchecked(_ file: SourceFile) -> [Violation] {
    guard file.target != nil else { return [] }
    let split = SplitText(file.text)
    return unchecked(split).compactMap { index in
      let near = split.comments[max(0, index - 6)...index]
      guard !near.contains(where: { $0.contains("SAFETY:") }) else { return nil }
      return Violation(
        path: file.path, line: index + 1, message: "@unchecked Sendable without // SAFETY:")
    }
  }

  static func uncheckedCount(_ files: [SourceFile]) -> Int {
    files.filter { $0.target != nil && $0.isSwift }.map { unchecked(SplitText($0.text)).count }
      .reduce(0, +)
  }

  private static func unchecked(_ split: SplitText) -> [Int] {
    split.code.indices.filter { split.code[$0].contains("@unchecked Sendable") }
  }
}
