// The members of a scenario in their slots: who joins, leaves, dies.

import Glibc

/// The processes of one scenario. One task.
struct Troupe {
  private let rig: ChaosRig
  private var slots: [Member?]
  private var started = 0
  /// Told to leave; they may still be draining.
  private var leaving: [Member] = []
  private(set) var kills = 0
  private(set) var differences: [Difference] = []

  /// A drain, a commit, leaving the group, and the slowness of a machine under load.
  private static let endMsMax = 10_000

  init(_ rig: ChaosRig, slots: Int) {
    self.rig = rig
    self.slots = Array(repeating: nil, count: slots)
  }

  var running: [Member] { slots.compactMap { $0 } }

  mutating func perform(_ action: ChaosPlan.MemberAction, slot: Int) async throws(ChaosError) {
    switch action {
    case .join:
      started += 1
      slots[slot] = try rig.start("member-\(started)-in-slot-\(slot)")
    case .freeze: slots[slot]?.send(SIGSTOP)
    case .thaw: slots[slot]?.send(SIGCONT)
    case .leave:
      guard let member = take(slot) else { return }
      member.send(SIGTERM)
      leaving.append(member)
    case .kill:
      guard let member = take(slot) else { return }
      kills += 1
      member.send(SIGKILL)
      _ = await member.exitStatus(withinMs: Self.endMsMax)
    }
  }

  /// Waits until a member has partitions: the group has formed.
  func awaitFirstAssignment(withinMs: Int) async -> Bool {
    for _ in 0..<max(1, withinMs / 25) {
      if running.contains(where: { !$0.lines(containing: "partitions assigned").isEmpty }) {
        return true
      }
      try? await Task.sleep(for: .milliseconds(25))
    }
    return false
  }

  /// Ends all of them gracefully, and expects them to do it.
  mutating func endAll() async {
    for slot in slots.indices {
      if let member = take(slot) {
        member.send(SIGTERM)
        leaving.append(member)
      }
    }
    for member in leaving {
      let status = await member.exitStatus(withinMs: Self.endMsMax)
      // A process that has hardly begun has nothing to finish and nobody who hears the signal.
      let hasBegun = !member.lines(containing: "consumer started").isEmpty
      if status != 0, hasBegun || status != -SIGTERM {
        let what = status.map { "ended with \($0)" } ?? "did not end"
        differences.append(Difference(.ending, "\(member.logPath) \(what) after SIGTERM"))
        await member.end()
      }
    }
    leaving = []
  }

  /// Ends whatever runs.
  mutating func killAll() async {
    for member in running + leaving { await member.end() }
    slots = slots.map { _ in nil }
    leaving = []
  }

  /// Takes a member out of its slot; one that has ended unasked is a finding.
  private mutating func take(_ slot: Int) -> Member? {
    guard let member = slots[slot] else { return nil }
    slots[slot] = nil
    guard !member.isRunning else { return member }
    differences.append(Difference(.ending, "\(member.logPath) ended unasked"))
    return nil
  }
}
