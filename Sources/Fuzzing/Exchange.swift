// What came back on one connection, and whether it may look like that.

import Model
import ReceiverService
import Synchronization

/// The answers to one input.
struct Exchange: CustomStringConvertible {
  struct Answer: Equatable {
    var status: Int
    var body: [UInt8]
    var closes: Bool
  }

  var bytes: [UInt8] = []
  var published: [FuzzPublisher.Published] = []
  var finding: String?
  /// Without `100 Continue`, which is owed only to senders that wait.
  private(set) var answers: [Answer] = []

  var description: String {
    answers.map { "\($0.status)" }.joined(separator: " ") + ", \(published.count) events"
  }

  private static let statuses = Set(Rejection.allCases.map(\.status) + [200])
  private static let end = Array("\r\n\r\n".utf8)

  mutating func judge(_ input: [UInt8], _ signature: ([UInt8]) -> String) {
    finding = finding ?? parse() ?? tooMany(input) ?? unsigned(input, signature)
  }

  private mutating func parse() -> String? {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let head = Self.head(&rest) else { return "an answer without end: \(text)" }
      let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
      let words = lines[0].split(separator: " ", maxSplits: 2)
      guard words.count == 3, words[0] == "HTTP/1.1", let status = Int(words[1]) else {
        return "no status line: \(text)"
      }
      if status == 100, lines.count == 1 { continue }
      guard Self.statuses.contains(status) else { return "status \(status)" }
      guard let last = lines.last, last.hasPrefix("Content-Length: "),
        let length = Int(last.dropFirst(16)), lines.contains(where: { $0.hasPrefix("Date: ") })
      else { return "no length or date: \(text)" }
      if (status == 503) != lines.contains(where: { $0.hasPrefix("Retry-After: ") }) {
        return "Retry-After and status do not agree: \(text)"
      }
      let closes = lines.contains("Connection: close")
      // The answer to HEAD has the length of what it leaves out, and is the last one.
      let isBare = rest.isEmpty && closes
      guard isBare || rest.count >= length else { return "a body cut short: \(text)" }
      answers.append(Answer(status: status, body: Array(rest.prefix(length)), closes: closes))
      rest = rest.dropFirst(length)
      if closes, !rest.isEmpty { return "an answer after the last one: \(text)" }
    }
    return nil
  }

  private var text: String { String(decoding: bytes.prefix(2000), as: UTF8.self) }

  private static func head(_ rest: inout ArraySlice<UInt8>) -> Substring? {
    guard rest.count >= 4 else { return nil }
    for at in rest.startIndex...(rest.endIndex - 4)
    where rest[at] == 0x0D && rest[at..<(at + 4)].elementsEqual(end) {
      let head = String(decoding: rest[..<at], as: UTF8.self)
      rest = rest[(at + 4)...]
      return head[...]
    }
    return nil
  }

  /// Every request that is answered has a head with an end, but for the last, whose end may fail to
  /// come.
  private func tooMany(_ input: [UInt8]) -> String? {
    let heads = Bytes.count(of: Self.end, in: input)
    let isLastBad = answers.last.map { $0.status >= 400 } ?? false
    guard answers.count > heads + (isLastBad ? 1 : 0) else { return nil }
    return "\(answers.count) answers to at most \(heads) requests"
  }

  /// Nobody can have had an event stored whose body's signature was not sent along.
  private func unsigned(_ input: [UInt8], _ signature: ([UInt8]) -> String) -> String? {
    for one in published where one.isWhole {
      if !Bytes.contains(Self.lowercased(input), Array(signature(one.value).utf8)) {
        return "stored without a signature: \(Bytes.hex(one.value))"
      }
    }
    return nil
  }

  private static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
    bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
  }
}

/// Takes events, refuses some, reports on the others when asked to; by the input's hash, so that
/// one input always meets the same.
final class FuzzPublisher: EventPublisher {
  struct Published: Equatable, Sendable {
    let key: [UInt8]?
    let value: [UInt8]
    /// The event is the whole body.
    let isWhole: Bool
  }

  private struct Contents {
    var hash: UInt64 = 0
    var events: UInt64 = 0
    var published: [Published] = []
    var tickets: [PublishReport] = []
  }

  private let contents = Mutex(Contents())

  var published: [Published] { contents.withLock { $0.published } }

  func begin(_ hash: UInt64) { contents.withLock { $0 = Contents(hash: hash) } }

  func takeReports() -> [PublishReport] {
    contents.withLock { contents in
      defer { contents.tickets = [] }
      return contents.tickets
    }
  }

  func publish(
    key: [UInt8]?, value: UnsafeRawBufferPointer, headers: HeaderList, ticket: UInt64
  ) -> Rejection? {
    let isWhole = headers.text("ce_source") == "one"
    return contents.withLock { contents in
      contents.events += 1
      var random = SplitMix64(seed: contents.hash &+ contents.events)
      if random.chance(0.05) { return .kafkaQueueFull }
      contents.published.append(Published(key: key, value: Array(value), isWhole: isWhole))
      contents.tickets.append(
        PublishReport(ticket: ticket, rejection: random.chance(0.05) ? .kafkaTimeout : nil))
      return nil
    }
  }

  func close(timeoutMs: Int) -> Int { 0 }
}
