// The long form: many seeds, a few at a time, one line each.

import Glibc

/// What `hookferry-chaos` does.
package struct ChaosProgram: Sendable {
  package var seeds: [UInt64]
  /// Scenarios at one time.
  package var parallel: Int

  package init(seeds: [UInt64], parallel: Int = 4) {
    self.seeds = seeds
    self.parallel = parallel
  }

  /// Seeds from text, `1 2 3` or `1,2,3`, ranges as `1-200`; nil where something is no number.
  package static func seeds(_ text: String) -> [UInt64]? {
    var seeds: [UInt64] = []
    for word in text.split(whereSeparator: { " ,\n".contains($0) }) {
      let ends = word.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
      guard let first = ends[0], ends.count <= 2, let last = ends[ends.count - 1], first <= last,
        last - first < 1_000_000
      else { return nil }
      seeds += first...last
    }
    return seeds
  }

  /// Prints a line a seed and a summary. Returns the exit code.
  package func run() async -> Int32 {
    let start = ContinuousClock.now
    var passed = 0
    var failed: [UInt64] = []
    await forEachEnd { seed, end in
      Self.line(end.text)
      if end.hasPassed { passed += 1 } else { failed.append(seed) }
    }
    let seconds = (ContinuousClock.now - start).components.seconds
    Self.line("\(passed) passed, \(failed.count) failed, in \(seconds) s")
    if !failed.isEmpty {
      let seeds = failed.sorted().map { "\($0)" }.joined(separator: " ")
      Self.line("again: make chaos SEEDS=\"\(seeds)\"")
    }
    return failed.isEmpty ? 0 : 1
  }

  /// Plays a seed in this process and prints its report. Returns the exit code.
  package static func runInProcess(_ seed: UInt64, isEager: Bool = false) async -> Int32 {
    do {
      let report = try await Conductor.run(ChaosPlan(seed: seed), isEager: isEager)
      line(report.text)
      return report.hasPassed ? 0 : 1
    } catch {
      line("seed \(seed) could not be run: \(error)")
      return 1
    }
  }

  /// Plays one case in its long form and prints its report. Returns the exit code.
  package static func runCase(_ name: String) async -> Int32 {
    do {
      let report: ScenarioReport
      switch name {
      case StuckRecord.name: report = try await CaseStage.run(StuckRecord())
      case DeadAPI.name: report = try await CaseStage.run(DeadAPI())
      case Burst.name: report = try await CaseStage.run(Burst())
      default:
        line("no case \(name): \(StuckRecord.name), \(DeadAPI.name) or \(Burst.name)")
        return 64
      }
      line(report.text)
      return report.hasPassed ? 0 : 1
    } catch {
      line("\(name) could not be run: \(error)")
      return 1
    }
  }

  /// Runs the seeds, a few at a time, and tells of each as it ends.
  package func forEachEnd(_ take: (UInt64, Isolation.End) -> Void) async {
    var rest = seeds[...]
    await withTaskGroup(of: (UInt64, Isolation.End).self) { group in
      for _ in 0..<max(1, parallel) {
        if let seed = rest.popFirst() { group.addTask { await Self.run(seed) } }
      }
      for await (seed, end) in group {
        take(seed, end)
        if let seed = rest.popFirst() { group.addTask { await Self.run(seed) } }
      }
    }
  }

  private static func run(_ seed: UInt64) async -> (UInt64, Isolation.End) {
    do {
      return (seed, try await Isolation.run(seed))
    } catch {
      return (seed, Isolation.End(text: "seed \(seed): \(error)", hasPassed: false))
    }
  }

  /// In one piece: scenarios print side by side.
  static func line(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      sent += count
    }
  }
}
