// The short form: a few seeds with real processes in every test run; `make chaos` is the long one.
import Chaos
import Testing

@Suite(.serialized) struct ChaosTests {
  /// Two fixed seeds, which must stay green, and as many that nobody has seen.
  @Test(.timeLimit(.minutes(4)))
  func theBooksBalance() async {
    let seeds = [1, 2] + (0..<2).map { _ in UInt64.random(in: 1000...999_999) }
    print("chaos: seeds \(seeds)")
    await ChaosProgram(seeds: seeds, parallel: 2).forEachReport { seed, report in
      guard let report else {
        Issue.record("seed \(seed) could not be run")
        return
      }
      #expect(report.hasPassed, "\(report.text)")
    }
  }

  @Test func seedsAreRead() {
    #expect(ChaosProgram.seeds("1 2,3") == [1, 2, 3])
    #expect(ChaosProgram.seeds("5-7 1") == [5, 6, 7, 1])
    #expect(ChaosProgram.seeds("") == [])
    for wrong in ["x", "3-1", "1-2-3", "-", "1-"] { #expect(ChaosProgram.seeds(wrong) == nil) }
  }
}
