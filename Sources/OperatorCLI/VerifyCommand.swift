// Published signatures, and one's own recordings, against the receiver's judgement.
import ArgumentParser
import FoundationEssentials
import Settings

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Judge a file of recorded requests as the receiver would.",
    discussion: """
      The file is a JSON array of rows: id, provider, scheme, secret, method, url, headers, body \
      (or body_repeat: {char, count}), now (the clock, in seconds), expect (valid or invalid), and \
      where they matter fallback_secrets, tolerance_s (0: any age), cert_pem, respond: {status, \
      body, content_type}. Exits 1 when a row is judged in another way than it expects, 65 when \
      the file is no such file, 66 when it cannot be read.
      """)

  @Argument(help: "The file of rows.")
  var file: String

  @Flag(help: "Print a JSON object in place of lines.")
  var json = false

  /// sysexits.h
  private static let dataExitCode = ExitCode(65)
  private static let noInputExitCode = ExitCode(66)

  private struct Report: Encodable {
    var rows: Int
    var ok: Int
    var mismatches: Int
    var verdicts: [VectorVerdict]
  }

  func run() throws {
    let verdicts = try Self.vectors(file).map(VectorJudge.judge)
    let wrong = verdicts.count { !$0.isOK }
    if json {
      Loaded.printJSON(
        Report(
          rows: verdicts.count, ok: verdicts.count - wrong, mismatches: wrong, verdicts: verdicts))
    } else {
      let terminal = Terminal.current
      for verdict in verdicts {
        terminal.line(verdict.isOK ? verdict.line : terminal.paint(verdict.line, .red))
      }
      terminal.line(
        "\(verdicts.count) rows, \(verdicts.count - wrong) ok, \(wrong) mismatches")
    }
    if wrong > 0 { throw ExitCode.failure }
  }

  private static func vectors(_ path: String) throws -> [Vector] {
    let data: Data
    do { data = try Data(contentsOf: URL(filePath: path)) } catch {
      Terminal.complain("\(path): cannot be read; give the path of a file of rows")
      throw noInputExitCode
    }
    do {
      return try JSONDecoder().decode([Vector].self, from: data)
    } catch let error as DecodingError {
      Terminal.complain("\(path): \(describe(error)); see hookferry verify --help")
      throw dataExitCode
    }
  }

  /// Where and what, without the values: they may be secrets.
  private static func describe(_ error: DecodingError) -> String {
    func place(_ path: [any CodingKey]) -> String {
      path.map { $0.intValue.map { "row \($0)" } ?? $0.stringValue }.joined(separator: ", ")
    }
    switch error {
    case .keyNotFound(let key, let context):
      return "\(place(context.codingPath)): \(key.stringValue) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context):
      return "\(place(context.codingPath)): is of another type"
    case .dataCorrupted: return "is not JSON"
    @unknown default: return "is not a file of rows"
    }
  }
}
