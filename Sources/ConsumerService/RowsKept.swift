// When a sink's old rows are removed, and which.
import Settings
import Stores

/// How long rows are kept, and when to look for old ones again: a minute after the last look, and
/// at once where the last look left some. Looking is for a writer that has nothing to do; one that
/// is never idle does it after ten minutes all the same.
struct RowsKept {
  private let inboxMs: Int64
  private let writeLogMs: Int64
  private let claimsMs: Int64
  private var nextMs: Int64

  private static let pauseMs: Int64 = 60_000
  private static let overdueMs: Int64 = 600_000
  private static let rowsMax = 5000

  init(_ sink: SinkSettings, nowMs: Int64 = 0) {
    inboxMs = Int64(sink.inboxKeepMs)
    writeLogMs = Int64(sink.writeLogKeepMs)
    claimsMs = Int64(sink.claimsKeepMs)
    nextMs = nowMs
  }

  /// `nowMs` of a clock that only goes forward.
  func isDue(isIdle: Bool, nowMs: Int64) -> Bool {
    nowMs >= (isIdle ? nextMs : nextMs + Self.overdueMs)
  }

  func limits(wallMs: Int64) -> PruneLimits {
    PruneLimits(
      inboxBeforeMs: wallMs - inboxMs, writeLogBeforeMs: wallMs - writeLogMs,
      claimsBeforeMs: wallMs - claimsMs, rowsMax: Self.rowsMax)
  }

  /// Nil: it failed, which is no reason to hurry.
  mutating func looked(_ result: PruneResult?, nowMs: Int64) {
    nextMs = result?.hasMore == true ? nowMs : nowMs + Self.pauseMs
  }
}
