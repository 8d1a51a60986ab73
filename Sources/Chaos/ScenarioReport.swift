// What came of one scenario.

/// The end of a scenario, for people and for exit codes.
package struct ScenarioReport: Sendable {
  /// `seed 17` or a case's name.
  package let name: String
  /// What was to happen.
  package let plan: String
  /// Sizes and counts that were measured.
  package let figures: [(name: String, value: String)]
  package let differences: [Difference]
  package let duration: Duration
  /// Where configuration, database and logs are; kept when there are differences.
  package let directory: String
  /// What to type to see it again.
  package let replay: String

  package var hasPassed: Bool { differences.isEmpty }

  private static let shownMax = 12

  /// One line when it passed; otherwise the plan, the first differences, and where to look.
  package var text: String {
    let (whole, attoseconds) = duration.components
    let seconds = "\(whole).\(attoseconds / 100_000_000_000_000_000) s"
    let measured = figures.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    let head = "\(name) \(hasPassed ? "ok" : "FAILED") \(seconds): \(measured)"
    guard !hasPassed else { return head }
    var lines = [head, "  plan: \(plan)"]
    lines += differences.prefix(Self.shownMax).map { "  \($0)" }
    if differences.count > Self.shownMax {
      lines.append("  and \(differences.count - Self.shownMax) more")
    }
    lines.append("  logs and database: \(directory)")
    lines.append("  again: \(replay)")
    return lines.joined(separator: "\n")
  }
}
