// Log lines: JSON that parses, text that cannot be forged, levels that hold.

import Foundation
import Logging
import Synchronization
import Testing

@testable import Telemetry

/// Collects lines.
private final class Lines: Sendable {
  private let stored = Mutex<[String]>([])
  func append(_ line: String) { stored.withLock { $0.append(line) } }
  var all: [String] { stored.withLock { $0 } }
}

@Suite struct LogTests {
  private func logger(
    _ lines: Lines, _ format: LogFormat, level: Logger.Level = .info
  ) -> Logger {
    Logger.program(
      label: "receiver", level: level, format: format, nowMs: { 1_795_258_449_123 },
      write: { lines.append($0) })
  }

  @Test func aLineIsOneJSONObject() throws {
    let lines = Lines()
    let log = logger(lines, .json).with([.source: "crm"])
    log.write(.warning, "refused \"it\"\n", [.status: 503, .reason: "kafka_timeout"])
    #expect(
      lines.all == [
        """
        {"ts":"2026-11-21T10:54:09.123Z","level":"warning","logger":"receiver",\
        "msg":"refused \\"it\\"\\n","reason":"kafka_timeout","source":"crm","status":503}

        """
      ])
    _ = try JSONSerialization.jsonObject(with: Data(lines.all[0].utf8))
  }

  @Test func oddTextStaysInItsString() throws {
    let lines = Lines()
    let odd = "\u{0}\u{1B}[2J\u{7F}\u{85}é\u{1F600}\\ \"quoted\"\r\n\t"
    logger(lines, .json).write(.error, odd, [.error: odd])
    let object = try JSONSerialization.jsonObject(with: Data(lines.all[0].utf8))
    let members = try #require(object as? [String: String])
    #expect(members["msg"] == odd)
    #expect(members["error"] == odd)
    #expect(lines.all[0].count(where: { $0.isNewline }) == 1)
  }

  @Test func wordsAreForPeopleAndStayOnOneLine() {
    let lines = Lines()
    logger(lines, .text).write(
      .info, "listening", [.port: 8080, .reason: "a b", .error: "x\ny\u{1B}[31m"])
    #expect(
      lines.all == [
        "10:54:09.123 INFO     receiver: listening error=x\u{FFFD}y\u{FFFD}[31m port=8080 "
          + "reason=\"a b\"\n"
      ])
  }

  @Test func longValuesAreCut() {
    let lines = Lines()
    logger(lines, .json).write(.info, String(repeating: "x", count: 5000))
    #expect(lines.all[0].count < 1200)
  }

  @Test func belowTheLevelNothingIsMade() {
    let lines = Lines()
    var made = 0
    func message() -> String {
      made += 1
      return "m"
    }
    let log = logger(lines, .json, level: .warning)
    log.write(.info, message())
    #expect(made == 0)
    log.write(.warning, message())
    #expect(made == 1)
    #expect(lines.all.count == 1)
  }

  @Test func metadataOfLibrariesAndErrorsIsKept() throws {
    let lines = Lines()
    let log = logger(lines, .json)
    log.info("m", metadata: ["list": ["a", "b"], "map": ["k": "v"], "msg": "forged"])
    #expect(lines.all[0].contains("\"list\":[\"a\",\"b\"],\"map\":{\"k\":\"v\"}}"))
    #expect(!lines.all[0].contains("forged"))
  }
}
