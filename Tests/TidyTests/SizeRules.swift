// How long lines, functions and files may be.

enum SizeRules {
  static func checkFile(_ file: SourceFile) -> [Violation] {
    guard file.isSwift || isCode(file.path) else { return [] }
    let limit = file.isTest ? Rules.testLinesMax : Rules.sourceLinesMax
    let count = lineCount(file.text)
    guard count > limit else { return [] }
    return [Violation(path: file.path, line: limit, message: "\(count) lines, at most \(limit)")]
  }

  static func checkColumns(_ file: SourceFile) -> [Violation] {
    guard file.isSwift || isCode(file.path) else { return [] }
    let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.enumerated().filter { $1.count > Rules.columnsMax }.map {
      Violation(
        path: file.path, line: $0.offset + 1,
        message: "\($0.element.count) columns, at most \(Rules.columnsMax)")
    }
  }

  static func checkFunctions(_ file: SourceFile) -> [Violation] {
    guard file.isSwift else { return [] }
    return functions(in: file.text).filter { $0.lines > Rules.functionLinesMax }.map {
      Violation(
        path: file.path, line: $0.line,
        message: "function of \($0.lines) lines, at most \(Rules.functionLinesMax)")
    }
  }

  /// Programs are wiring alone: what can be tested is in a library.
  static func checkExecutables(_ files: [SourceFile]) -> [Violation] {
    let programs = Set(files.compactMap(\.target)).filter { $0.hasPrefix("hookferry") }
    return programs.sorted().compactMap { program in
      let own = files.filter { $0.target == program && $0.isSwift }
      let count = own.map { lineCount($0.text) }.reduce(0, +)
      guard count > Rules.executableLinesMax else { return nil }
      return Violation(
        path: "Sources/\(program)", line: 1,
        message: "\(count) lines, at most \(Rules.executableLinesMax)")
    }
  }

  static func checkBytes(path: String, bytes: Int) -> [Violation] {
    guard bytes > Rules.fileBytesMax else { return [] }
    return [Violation(path: path, line: 1, message: "\(bytes) bytes: does it belong here?")]
  }

  /// Where functions begin, and their lines from the declaration to the closing brace.
  static func functions(in text: String) -> [(line: Int, lines: Int)] {
    var scanner = FunctionScanner(characters: Array(SplitText(text).code.joined(separator: "\n")))
    return scanner.run()
  }

  private static func isCode(_ path: String) -> Bool {
    [".h", ".c", ".cpp", ".sh"].contains { path.hasSuffix($0) }
  }

  private static func lineCount(_ text: String) -> Int {
    text.split(separator: "\n", omittingEmptySubsequences: false).count
      - (text.hasSuffix("\n") ? 1 : 0)
  }
}

/// Finds bodies by counting braces.
private struct FunctionScanner {
  let characters: [Character]
  var position = 0
  var line = 1
  var found: [(line: Int, lines: Int)] = []

  init(characters: [Character]) { self.characters = characters }

  private static let starters: Set<String> = ["func", "init", "deinit", "subscript"]
  /// After one of these a declaration without a body, as in a protocol, has ended.
  private static let enders: Set<String> = [
    "func", "init", "subscript", "var", "let", "case", "static", "associatedtype", "mutating",
  ]

  /// Every declaration is looked at by itself, so nested functions are found too.
  mutating func run() -> [(line: Int, lines: Int)] {
    var before: Character = " "
    while position < characters.count {
      let character = characters[position]
      if character.isLetter || character == "_" {
        let word = self.word()
        if Self.starters.contains(word), before != ".", before != "`" { measure() }
        before = " "
      } else {
        if character == "\n" { line += 1 }
        position += 1
        if !character.isWhitespace || character == "\n" { before = character }
      }
    }
    return found
  }

  private mutating func word() -> String {
    var word = ""
    while position < characters.count,
      characters[position].isLetter || characters[position].isNumber
        || characters[position] == "_"
    {
      word.append(characters[position])
      position += 1
    }
    return word
  }

  /// Looks ahead from a declaration to the end of its body; the scan goes on behind its name.
  private mutating func measure() {
    let (start, startLine) = (position, line)
    defer { (position, line) = (start, startLine) }
    var nesting = 0
    var braces = 0
    while position < characters.count {
      let character = characters[position]
      if character.isLetter {
        let isEnd = nesting == 0 && braces == 0 && Self.enders.contains(word())
        if isEnd { return }
        if nesting > 0 || braces > 0 { _ = word() }
        continue
      }
      position += 1
      switch character {
      case "\n": line += 1
      case "(", "[": nesting += 1
      case ")", "]": nesting -= 1
      case "{" where nesting == 0 || braces > 0: braces += 1
      case "}" where braces > 0:
        braces -= 1
        if braces == 0, nesting == 0 {
          found.append((startLine, line - startLine + 1))
          return
        }
      case "}" where nesting == 0: return
      default: break
      }
    }
  }
}
