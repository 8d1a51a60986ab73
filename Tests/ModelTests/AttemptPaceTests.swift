// The wait before another attempt.
import Model
import Testing

@Suite struct AttemptPaceTests {
  @Test func theWaitBetweenAttemptsGrowsToALimit() {
    var pace = AttemptPace(waitMsMin: 100, waitMsMax: 5000)
    #expect(pace.remainingMs(nowMs: 0) == 0)
    var waits: [Int64] = []
    for _ in 0..<8 {
      pace.failed(nowMs: 1000)
      waits.append(pace.remainingMs(nowMs: 1000))
    }
    #expect(waits == [100, 200, 400, 800, 1600, 3200, 5000, 5000])
    #expect(pace.remainingMs(nowMs: 6000) == 0)
    pace.succeeded()
    pace.failed(nowMs: 0)
    #expect(pace.remainingMs(nowMs: 0) == 100)
  }
}
