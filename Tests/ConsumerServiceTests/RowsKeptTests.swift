// When a writer looks for old rows, and which they are.

import Settings
import Stores
import Testing

@testable import ConsumerService

@Suite struct RowsKeptTests {
  private let kept: RowsKept

  init() throws {
    let configuration = try Configuration.parse(
      text: """
        kafka: {bootstrap_servers: "localhost:9092"}
        sinks:
          db:
            sqlite: a.db
            inbox_keep_ms: 3600001
            write_log_keep_ms: 3600002
            claims_keep_ms: 3600003
        """, file: "h.yaml", environment: [:], scope: .broker)
    kept = RowsKept(try #require(configuration.sinks["db"]), nowMs: 1000)
  }

  @Test func eachTableHasItsAge() {
    let limits = kept.limits(wallMs: 10_000_000)
    #expect(limits.inboxBeforeMs == 6_399_999)
    #expect(limits.writeLogBeforeMs == 6_399_998)
    #expect(limits.claimsBeforeMs == 6_399_997)
  }

  @Test func anIdleWriterLooksOnceAMinute() {
    var kept = kept
    #expect(kept.isDue(isIdle: true, nowMs: 1000))
    kept.looked(PruneResult(inbox: 1, writeLog: 0, claims: 0, hasMore: false), nowMs: 1000)
    #expect(!kept.isDue(isIdle: true, nowMs: 60_999))
    #expect(kept.isDue(isIdle: true, nowMs: 61_000))
    #expect(!kept.isDue(isIdle: false, nowMs: 660_999), "work goes first")
    #expect(kept.isDue(isIdle: false, nowMs: 661_000), "but not for ever")
  }

  @Test func whereRowsAreLeftItGoesOn() {
    var kept = kept
    kept.looked(PruneResult(inbox: 5000, writeLog: 0, claims: 0, hasMore: true), nowMs: 1000)
    #expect(kept.isDue(isIdle: true, nowMs: 1000))
    kept.looked(nil, nowMs: 1000)
    #expect(!kept.isDue(isIdle: true, nowMs: 60_999), "a failure is no reason to hurry")
  }
}
