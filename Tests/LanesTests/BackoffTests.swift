// Back-off: within its bounds, repeatable by seed.
import Testing

@testable import Lanes

@Suite struct BackoffTests {
  @Test func staysBelowTheCeilingAndRepeatsBySeed() {
    var one = Backoff(baseMs: 100, maxMs: 1500, seed: 7)
    var other = Backoff(baseMs: 100, maxMs: 1500, seed: 7)
    for attempt in 1...60 {
      let delayMs = one.delayMs(attempt: attempt, retryAfterMs: nil)
      #expect(delayMs == other.delayMs(attempt: attempt, retryAfterMs: nil))
      #expect((0...min(1500, 100 << Int64(min(attempt - 1, 30)))).contains(delayMs))
    }
  }

  @Test func neverUndercutsWhatWasAsked() {
    var backoff = Backoff(baseMs: 100, maxMs: 1500, seed: 7)
    for _ in 0..<100 {
      #expect((9000...9100).contains(backoff.delayMs(attempt: 1, retryAfterMs: 9000)))
    }
  }
}
