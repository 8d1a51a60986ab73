// A source may send so much and no more, and never waits longer than it was told.

import Model
import Testing

@testable import ReceiverService

@Suite struct TokenBucketTests {
  @Test func aBurstThenTheRate() {
    var bucket = TokenBucket(ratePerS: 10, burst: 3, nowMs: 0)
    let burst = (0..<4).map { _ in bucket.take(nowMs: 0) }
    #expect(burst == [nil, nil, nil, 100])
    let early = bucket.take(nowMs: 99)
    let inTime = bucket.take(nowMs: 100)
    let again = bucket.take(nowMs: 100)
    #expect(early == 1 && inTime == nil && again == 100)
    // A long rest fills it, and no further.
    let late = (0..<4).map { _ in bucket.take(nowMs: 1_000_000_000_000) }
    #expect(late == [nil, nil, nil, 100])
  }

  @Test func aClockThatGoesBackGivesNothing() {
    var bucket = TokenBucket(ratePerS: 1, burst: 1, nowMs: 5000)
    let first = bucket.take(nowMs: 5000)
    let back = bucket.take(nowMs: 0)
    let forth = bucket.take(nowMs: 5500)
    #expect(first == nil && back == 1000 && forth == 500)
  }

  /// In any span: at most the burst and what the rate gives; and what was promised is kept.
  @Test(arguments: 0..<200)
  func randomSenders(number: Int) {
    var random = SplitMix64(seed: UInt64(number))
    let rate = Int(random.next() % 2000) + 1
    let burst = Int(random.next() % 50) + 1
    var bucket = TokenBucket(ratePerS: rate, burst: burst, nowMs: 0)
    var nowMs: Int64 = 0
    var taken: [Int64] = []
    for _ in 0..<1000 {
      nowMs += random.next() % 3 == 0 ? Int64(random.next() % 200) : 0
      guard let wait = bucket.take(nowMs: nowMs) else {
        taken.append(nowMs)
        continue
      }
      #expect(wait >= 1 && wait <= 1000, "seed \(number)")
      var sooner = bucket
      let tooSoon = sooner.take(nowMs: nowMs + wait - 1)
      let promised = sooner.take(nowMs: nowMs + wait)
      #expect(tooSoon != nil && promised == nil, "seed \(number)")
    }
    for (index, start) in taken.enumerated() where index % 37 == 0 {
      for (count, end) in taken[index...].enumerated() where count % 53 == 0 {
        let allowed = Double(burst) + Double(end - start) * Double(rate) / 1000
        #expect(Double(count + 1) <= allowed + 1, "seed \(number)")
      }
    }
  }
}
