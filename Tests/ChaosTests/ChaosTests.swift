// The short form: a few seeds with real processes in every test run; `make chaos` is the long one.
import Chaos
import Testing

@Suite(.serialized) struct ChaosTests {
  /// Seeds that must stay green; `make chaos` tries those that nobody has seen. At 723503 the
  /// coordinator refuses to say where the group stands, twice in a row.
  @Test(.timeLimit(.minutes(4)))
  func theBooksBalance() async {
    let seeds: [UInt64] = [1, 2, 3, 723_503]
    print("chaos: seeds \(seeds)")
    await ChaosProgram(seeds: seeds, parallel: 2).forEachEnd { _, end in
      print(end.text)
      #expect(end.hasPassed, "\(end.text)")
    }
  }

  @Test func seedsAreRead() {
    #expect(ChaosProgram.seeds("1 2,3") == [1, 2, 3])
    #expect(ChaosProgram.seeds("5-7 1") == [5, 6, 7, 1])
    #expect(ChaosProgram.seeds("") == [])
    for wrong in ["x", "3-1", "1-2-3", "-", "1-"] { #expect(ChaosProgram.seeds(wrong) == nil) }
  }
}
