// Published signatures, judged by the receiver's own gate.

import Foundation
import Testing

@testable import OperatorCLI

@Suite struct VerifyTests {
  static let vectors = rows("signatures")
  /// Published rows with one thing changed, and what no published row holds.
  static let variants = rows("variants")

  static func rows(_ name: String) -> [Vector] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../SignaturesTests/Fixtures/\(name).json")
    guard let data = try? Data(contentsOf: file) else { return [] }
    return (try? JSONDecoder().decode([Vector].self, from: data)) ?? []
  }

  @Test func theFixturesAreThere() {
    #expect(Self.vectors.count == 157)
    #expect(Set(Self.vectors.map(\.scheme)).count == 36)
  }

  @Test func everyPublishedRowIsJudgedAsItSays() {
    let verdicts = Self.vectors.map(VectorJudge.judge)
    #expect(verdicts.filter { !$0.isOK }.map(\.line) == [])
    // Where we are stricter, a page says why.
    #expect(verdicts.compactMap(\.note).count == 1)
  }

  @Test func variantsOfThem() {
    #expect(Self.variants.count > 110)
    let verdicts = Self.variants.map(VectorJudge.judge)
    #expect(verdicts.filter { !$0.isOK }.map(\.line) == [])
  }

  /// A judge that says yes to everything would pass the rows above that are valid.
  @Test func aChangedRowIsAMismatch() throws {
    var row = try #require(Self.vectors.first { $0.id == "github-sha256-01" })
    row.body = (row.body ?? "") + " "
    #expect(
      VectorJudge.judge(row).line
        == "MISMATCH github-sha256-01 expected valid got signature_mismatch")
    row.scheme = "github-sha257"
    #expect(!VectorJudge.judge(row).isOK)
  }
}
