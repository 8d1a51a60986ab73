// Swift text with comments and strings told apart, well enough for rules: not a compiler.

/// A file of the checkout.
struct SourceFile {
  /// From the root of the checkout, with `/`.
  var path: String
  var text: String

  var isSwift: Bool { path.hasSuffix(".swift") }
  var isTest: Bool { path.hasPrefix("Tests/") }
  /// `Kafka` for Sources/Kafka/Producer.swift; nil elsewhere.
  var target: String? {
    let parts = path.split(separator: "/")
    return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
  }
}

/// One breach of a rule.
struct Violation: Equatable, CustomStringConvertible {
  var path: String
  var line: Int
  var message: String

  var description: String { "\(path):\(line): \(message)" }
}

/// The same text twice, line for line: once with all but code blanked, once with all but comments.
struct SplitText {
  private(set) var code: [String]
  private(set) var comments: [String]

  init(_ text: String) {
    var splitter = Splitter(characters: Array(text))
    splitter.run()
    code = splitter.code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    comments = splitter.comments.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
  }
}

private struct Splitter {
  enum Part { case code, comment, string }

  let characters: [Character]
  var position = 0
  var code = ""
  var comments = ""

  init(characters: [Character]) { self.characters = characters }

  mutating func run() {
    while position < characters.count { step(part: .code) }
  }

  /// Consumes one token's beginning, and all of a comment or string.
  private mutating func step(part: Part) {
    if starts("//") {
      while position < characters.count, characters[position] != "\n" { take(.comment) }
    } else if starts("/*") {
      blockComment()
    } else if let hashes = stringStart() {
      string(hashes: hashes)
    } else {
      take(part)
    }
  }

  private mutating func blockComment() {
    var depth = 0
    repeat {
      if starts("/*") {
        depth += 1
        take(.comment)
      } else if starts("*/") {
        depth -= 1
        take(.comment)
      }
      take(.comment)
    } while depth > 0 && position < characters.count
  }

  /// How many `#` stand before the quote; nil when no string begins here.
  private func stringStart() -> Int? {
    var index = position
    while index < characters.count, characters[index] == "#" { index += 1 }
    guard index < characters.count, characters[index] == "\"" else { return nil }
    return index - position
  }

  private mutating func string(hashes: Int) {
    let fence = String(repeating: "#", count: hashes)
    for _ in 0..<hashes { take(.string) }
    let quotes = starts("\"\"\"") ? "\"\"\"" : "\""
    for _ in quotes { take(.string) }
    while position < characters.count {
      if starts(quotes + fence) {
        for _ in 0..<(quotes.count + hashes) { take(.string) }
        return
      }
      if starts("\\" + fence + "(") {
        for _ in 0..<(hashes + 1) { take(.string) }
        interpolation()
      } else if starts("\\" + fence) {
        for _ in 0..<(hashes + 2) { take(.string) }
      } else {
        if quotes.count == 1, characters[position] == "\n" { return }
        take(.string)
      }
    }
  }

  /// From `(` to its `)`. What is in it counts as part of the string.
  private mutating func interpolation() {
    var depth = 0
    repeat {
      guard position < characters.count else { return }
      switch characters[position] {
      case "(": depth += 1
      case ")": depth -= 1
      default: break
      }
      step(part: .string)
    } while depth > 0
  }

  private mutating func take(_ part: Part) {
    guard position < characters.count else { return }
    let character = characters[position]
    position += 1
    guard !character.isNewline else {
      code.append("\n")
      comments.append("\n")
      return
    }
    code.append(part == .code ? character : " ")
    comments.append(part == .comment ? character : " ")
  }

  private func starts(_ text: String) -> Bool {
    var index = position
    for character in text {
      guard index < characters.count, characters[index] == character else { return false }
      index += 1
    }
    return true
  }
}
