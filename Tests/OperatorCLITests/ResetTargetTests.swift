// Where a reset goes, within what the partition holds.
import Testing

@testable import OperatorCLI

@Suite struct ResetTargetTests {
  static func facts(offsetForTime: Int64? = nil) -> PartitionFacts {
    PartitionFacts(
      partition: 3, committed: 70, earliest: 20, latest: 90, offsetForTime: offsetForTime)
  }

  @Test(
    arguments: [
      (ResetTarget.earliest, 20), (.latest, 90), (.offset(33), 33), (.offset(5), 20),
      (.offset(500), 90), (.time(1), 90),
    ] as [(ResetTarget, Int64)])
  func staysWithinThePartition(target: ResetTarget, after: Int64) {
    #expect(
      target.row(Self.facts())
        == ResetRow(partition: 3, before: 70, after: after, earliest: 20, latest: 90))
  }

  @Test func aTimeGoesToTheFirstRecordFromThen() {
    #expect(ResetTarget.time(1).row(Self.facts(offsetForTime: 41)).after == 41)
  }
}

@Suite struct TextTableTests {
  @Test func textStandsLeftAndNumbersRight() {
    var table = TextTable("NAME", "COUNT")
    table.add("a", "1000")
    table.add("long-name", "7")
    #expect(table.lines == ["NAME       COUNT", "a           1000", "long-name      7"])
  }
}
