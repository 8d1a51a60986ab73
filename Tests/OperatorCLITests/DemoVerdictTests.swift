// The demo's verdict can be bad: each way of being wrong is found.
import Testing

@testable import OperatorCLI

@Suite struct DemoVerdictTests {
  static let alive = DemoRecord(properties: ["email": "a"], updatedAtMs: 5, isDeleted: false)
  static let dead = DemoRecord(properties: [:], updatedAtMs: 9, isDeleted: true)

  static func mismatches(_ source: [String: DemoRecord], _ sink: [String: DemoRecord]) -> Int {
    var verdict = DemoVerdict()
    verdict.compare(source: source, sink: sink)
    #expect(verdict.isSuccess == verdict.mismatches.isEmpty)
    return verdict.mismatches.count
  }

  @Test func equalSidesAgree() {
    #expect(Self.mismatches(["a": Self.alive, "b": Self.dead], ["a": Self.alive]) == 0)
    #expect(Self.mismatches(["b": Self.dead], ["b": Self.dead]) == 0)
  }

  @Test func everyDifferenceIsFound() {
    var older = Self.alive
    older.updatedAtMs = 4
    var other = Self.alive
    other.properties["email"] = "b"
    #expect(Self.mismatches(["a": Self.alive], [:]) == 1, "missing")
    #expect(Self.mismatches(["a": Self.alive], ["a": older]) == 1, "older")
    #expect(Self.mismatches(["a": Self.alive], ["a": other]) == 1, "other value")
    #expect(Self.mismatches(["a": Self.dead], ["a": Self.alive]) == 1, "not deleted")
    #expect(Self.mismatches(["a": Self.alive], ["a": Self.dead]) == 1, "deleted")
    #expect(Self.mismatches([:], ["a": Self.alive]) == 1, "too many")
  }

  @Test func lossAndDoubleWritesFailIt() {
    #expect(!DemoVerdict(lost: 1).isSuccess)
    #expect(!DemoVerdict(appliedTwice: ["a@5"]).isSuccess)
  }

  @Test func whatTheViewCounts() {
    var values = DemoCounts.Values()
    values.acceptedEvents = 10
    values.written = 3
    values.duplicates = 2
    values.deadLettered = 1
    #expect(values.inFlight == 4)
  }
}
