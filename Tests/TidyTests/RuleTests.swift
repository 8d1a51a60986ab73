// Each rule catches its bad sample, and lets a good one through.

import Testing

@Suite struct RuleTests {
  private func source(_ text: String, target: String = "Kafka") -> SourceFile {
    SourceFile(path: "Sources/\(target)/Sample.swift", text: text)
  }

  private func test(_ text: String) -> SourceFile {
    SourceFile(path: "Tests/KafkaTests/Sample.swift", text: text)
  }

  @Test(arguments: [
    "import CCurl", "package import Yams", "@testable import Stores", "import struct Yams.Node",
    "  private import Foundation", "@_spi(X) public import NIOCore",
  ])
  func foreignImportsAreCaught(line: String) {
    let found = ImportRules.check(source("import Model\n\(line)\n"))
    #expect(found.map(\.line) == [2], "\(found)")
  }

  @Test func importsInCommentsAndStringsAreNone() {
    let text = "// import CCurl\n/* import Yams */\nlet text = \"\"\"\nimport NIOCore\n\"\"\"\n"
    #expect(ImportRules.check(source(text)) == [])
  }

  @Test func aTargetWithoutARowIsCaught() {
    #expect(
      ImportRules.check(source("", target: "Novel")).map(\.message)
        == ["target Novel has no import row"])
  }

  @Test func twoImportersOfACModuleAreCaught() {
    let rows = ["Kafka", "Stores"].map { ImportRow(target: $0, allowed: ["CSQLite"]) }
    #expect(ImportRules.sharedCModules(rows: rows) == ["CSQLite"])
  }

  @Test func unsafeInAPureTargetIsCaught() {
    let text = "// unsafe here is a word\nlet x = withUnsafePointer(to: y) { $0 }\n"
    #expect(ImportRules.checkPurity(source(text, target: "Lanes")).map(\.line) == [2])
    #expect(ImportRules.checkPurity(source(text, target: "Kafka")) == [])
    #expect(ImportRules.check(source("import Glibc", target: "Model")).count == 1)
  }

  @Test(arguments: [
    "try! f()", "x as! Int", "print(x)", "  debugPrint(x)", "Swift.print(x)",
    "nonisolated(unsafe) var x = 1", "@preconcurrency import X", "@testable import X",
    "struct LaneManager {}", "enum StringUtils {}", "final class TestHelper {}",
  ])
  func bannedCodeIsCaughtInSources(line: String) {
    #expect(WordRules.checkBans(source(line)).count == 1, "\(line)")
    #expect(WordRules.checkBans(source("// \(line)")) == [])
    #expect(WordRules.checkBans(source("let text = #\"\"\"\n\(line)\n\"\"\"#")) == [])
  }

  @Test(arguments: [
    "await Task.sleep(for: .seconds(1))", "usleep(100)", "sleep(1)", "nanosleep(&a, nil)",
    "struct FooHelper {}",
  ])
  func bannedCodeIsCaughtInTests(line: String) {
    #expect(WordRules.checkBans(test(line)).count == 1, "\(line)")
  }

  @Test(arguments: [
    "entry.print(target)", "func printed() {}", "x as? Int", "try? f()", "let helper = 1",
    "struct Utility\u{2009}{}", "asleep(1)", "f(print: 1)",
  ])
  func harmlessCodeIsLetThrough(line: String) {
    if line.hasPrefix("struct Utility") {
      #expect(WordRules.checkBans(source(line)).count == 1)
    } else {
      #expect(WordRules.checkBans(source(line)) == [], "\(line)")
    }
  }

  @Test func notesToSelfAreCaught() {
    #expect(WordRules.checkComments(source("let a = 1  // \("TO" + "DO"): later")).count == 1)
    #expect(WordRules.checkComments(test("/* \("FIX" + "ME") */")).count == 1)
    #expect(WordRules.checkComments(source("let x = \"\("TO" + "DO")\"")) == [])
  }

  @Test func phrasesAreCaughtInAnyText() {
    for phrase in Rules.bannedPhrases {
      let file = SourceFile(path: "docs/x.md", text: "a\nsee \(phrase)x\n")
      #expect(WordRules.checkPhrases(file).map(\.line) == [2], "\(phrase)")
    }
  }

  @Test func uncheckedConformancesNeedAReason() {
    let bare = "struct P: @unchecked Sendable {}\n"
    #expect(WordRules.checkUnchecked(source(bare)).map(\.line) == [1])
    #expect(WordRules.checkUnchecked(source("// SAFETY: the manual says so.\n" + bare)) == [])
    #expect(WordRules.uncheckedCount([source(bare), source(bare), test(bare)]) == 2)
  }

  @Test func longFilesAreCaught() {
    let lines = { String(repeating: "a\n", count: $0) }
    #expect(SizeRules.checkFile(source(lines(400))) == [])
    #expect(SizeRules.checkFile(source(lines(401))).count == 1)
    #expect(SizeRules.checkFile(test(lines(600))) == [])
    #expect(SizeRules.checkFile(test(lines(601))).count == 1)
  }

  @Test func longLinesAreCaught() {
    let exact = String(repeating: "é", count: 100)
    #expect(SizeRules.checkColumns(source("a\n\(exact)\n\(exact)é\n")).map(\.line) == [3])
    #expect(
      SizeRules.checkColumns(SourceFile(path: "docs/x.md", text: exact + exact)) == [])
  }

  @Test func longFunctionsAreCaught() {
    let body = { String(repeating: "  x += 1\n", count: $0) }
    #expect(SizeRules.checkFunctions(source("func f() {\n\(body(68))}\n")) == [])
    #expect(SizeRules.checkFunctions(source("\nfunc f() {\n\(body(69))}\n")).map(\.line) == [2])
    #expect(SizeRules.checkFunctions(source("init() {\n\(body(69))}\n")).count == 1)
  }

  @Test func functionsAreMeasured() {
    let text = """
      protocol P {
        func none(_ x: Int) -> Int
        init(a: Int)
        subscript(i: Int) -> Int { get }
      }
      struct S {
        func one() { let s = "}" }
        func outer(
          _ f: () -> Void = { }
        ) -> Int {
          func inner() {
          }
          return self.init(x: { 1 }).y
        }
        var x = 1
      }
      """
    let found = SizeRules.functions(in: text).map { [$0.line, $0.lines] }
    #expect(found == [[4, 1], [7, 1], [8, 7], [11, 2]])
  }

  @Test func longProgramsAreCaught() {
    let lines = String(repeating: "a\n", count: 21)
    let files = [
      source(lines, target: "hookferry"), source(lines, target: "hookferry"),
      source(lines, target: "hookferry-receiver"),
    ]
    #expect(SizeRules.checkExecutables(files).map(\.path) == ["Sources/hookferry"])
  }

  @Test func largeFilesAreCaught() {
    #expect(SizeRules.checkBytes(path: "a.bin", bytes: 262_145).count == 1)
    #expect(SizeRules.checkBytes(path: "a.bin", bytes: 262_144) == [])
  }

  @Test func stringsAndCommentsAreToldApart() {
    let split = SplitText(
      "let a = \"x // \\(b(\"y)\")) z\" // c \"d\nlet r = #\"\\(\"#; e /* /* f */ g */ h")
    #expect(split.code[0].contains("let a = "))
    #expect(!split.code[0].contains("x"))
    #expect(!split.code[0].contains("z"))
    #expect(split.comments[0].contains("// c \"d"))
    #expect(split.code[1].contains("; e "))
    #expect(split.code[1].hasSuffix(" h"))
    #expect(split.comments[1].contains("f */ g */"))
  }
}
