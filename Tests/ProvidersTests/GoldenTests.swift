// Every provider's requests, as its documentation shows them, and what becomes of them
// (Fixtures/events.json).

import Foundation
import Model
import Providers
import Settings
import Signatures
import Testing

struct Golden: Codable, Sendable, CustomTestStringConvertible {
  struct Expected: Codable, Equatable {
    var id: String
    var type: String
    var key: String?
    var time: Int64?
    var version: Int64?
    var value: String
    var headers: [String: String]?
  }

  var provider: String
  var name: String
  var tenant: String?
  var headers: [String: String]
  var query: String
  var body: String
  /// The same delivered again: other counters, other order of members, other headers of the try.
  var retry: String?
  var retry_headers: [String: String]?
  var events: [Expected]?

  var testDescription: String { "\(provider): \(name)" }

  static let path = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "Fixtures/events.json")

  static let all: [Golden] = {
    guard let data = try? Data(contentsOf: path) else { return [] }
    return (try? JSONDecoder().decode([Golden].self, from: data)) ?? []
  }()

  static func split(
    _ provider: Provider, _ body: String, headers: [String: String] = [:], query: String = "",
    tenant: String? = nil
  ) throws -> [SplitEvent] {
    let splitter = try Splitter(provider, source: "src", tenant: tenant)
    let arrival = Splitter.Arrival(envelopeId: "env", receivedAtMs: 1, verifiedBy: "x#0")
    var found: [SplitEvent] = []
    try RequestView.with(
      method: "POST", target: "/hooks/src" + (query.isEmpty ? "" : "?" + query),
      headers: headers.sorted { $0.key < $1.key }, body: Array(body.utf8)
    ) { view in
      try splitter.split(view, arrival) { draft, value in
        found.append(try SplitEvent(draft, value))
      }
    }
    return found
  }

  func split(again: Bool = false) throws -> [Expected] {
    let pieces = try Self.split(
      try Provider.named(provider), again ? retry ?? body : body,
      headers: again ? retry_headers ?? headers : headers, query: query, tenant: tenant)
    return pieces.map { piece in
      let carried = Dictionary(piece.carried.texts.map { ($0.name, $0.value) }) { first, _ in first
      }
      let event = piece.event
      return Expected(
        id: event.id, type: event.type, key: event.key?.description, time: event.timeMs,
        version: event.recordVersion, value: piece.value,
        headers: carried.isEmpty ? nil : carried)
    }
  }
}

@Suite struct GoldenTests {
  @Test func everyProviderIsThere() throws {
    // Writes down what is; then it is for a person to read what was written.
    if ProcessInfo.processInfo.environment["HOOKFERRY_WRITE_GOLDEN"] != nil {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      let rows = try Golden.all.map { row in
        var row = row
        row.events = try row.split()
        return row
      }
      try encoder.encode(rows).write(to: Golden.path)
    }
    #expect(Set(Golden.all.map(\.provider)) == Set(ProviderSettings.builtInNames))
  }

  @Test(arguments: Golden.all) func identity(_ row: Golden) throws {
    let events = try row.split()
    let expected = row.events ?? []
    #expect(events.count == expected.count)
    for (event, wanted) in zip(events, expected) { #expect(event == wanted) }
  }

  @Test(arguments: Golden.all) func aRetryHasTheSameIds(_ row: Golden) throws {
    guard row.retry != nil else { return }
    #expect(try row.split(again: true).map(\.id) == row.split().map(\.id))
    #expect(try row.split(again: true).map(\.key) == row.split().map(\.key))
  }

  @Test func differentEventsHaveDifferentIds() throws {
    for (provider, rows) in Dictionary(grouping: Golden.all, by: \.provider) {
      // One of GitHub's stands there twice, in both forms.
      let ids = try rows.filter { $0.name != "issue in a form" }.flatMap {
        try $0.split().map(\.id)
      }
      #expect(Set(ids).count == ids.count, "\(provider): \(ids)")
    }
  }

  @Test func slicesLieInTheBodyInOrder() throws {
    for row in Golden.all {
      var rest = Substring(row.body)
      let secrets = try Provider.named(row.provider).redactedNames
      var last = ""
      for event in try row.split() where event.value != last {
        last = event.value
        guard secrets.isEmpty else { continue }
        let found = try #require(rest.firstRange(of: event.value), "\(row.testDescription)")
        rest = rest[found.upperBound...]
      }
    }
  }

  @Test func noSecretIsInAnEvent() throws {
    let secrets = [
      "TOKEN_FOR_VERIFICATION", "SESSIONSECRET", "secretClientValue", "ZZZZZZWSxiZZZ2yIvs3peJ",
      "gIkuvaNzQIHg97ATvDxqgjtO", "9s8d9as89d8as9d8as989", "s3cret",
    ]
    for row in Golden.all {
      for event in try row.split() {
        let all = "\(event)"
        for secret in secrets { #expect(!all.contains(secret), "\(row.testDescription)") }
      }
    }
    let bodies = Golden.all.map { "\($0.body)\($0.headers)" }.joined()
    for secret in secrets { #expect(bodies.contains(secret), "\(secret)") }
  }
}
