// Carries a plan out, and does the books.

import FoundationEssentials
import Kafka
import Model
import Sandbox

/// Runs one plan from its first event to its balance.
package struct Conductor {
  private let plan: ChaosPlan
  /// Range, whatever the plan says.
  private let isEager: Bool
  private let rig: ChaosRig
  private let feed: EventFeed
  private var troupe: Troupe
  private var faults: SandboxFaults
  /// By index of the change.
  private var made: [EventFeed.Made?]
  private var differences: [Difference] = []

  private static let joinMsMax = 20_000
  private static let settleMsMax: Int64 = 40_000

  private init(_ plan: ChaosPlan, _ isEager: Bool) async throws {
    self.plan = plan
    self.isEager = isEager
    faults = Self.calm(plan)
    rig = try await ChaosRig(
      brokers: plan.brokers, partitions: plan.partitions, faults: faults)
    feed = try EventFeed(
      bootstrapServers: rig.cluster.bootstrapServers, sandbox: rig.sandbox)
    troupe = Troupe(rig, slots: plan.shape.slots)
    made = Array(repeating: nil, count: plan.changes.count)
  }

  /// Throws when the machine does not allow the scenario; everything else is in the report.
  package static func run(
    _ plan: ChaosPlan, isEager: Bool = false
  ) async throws -> ScenarioReport {
    var conductor = try await Conductor(plan, isEager)
    do {
      let report = try await conductor.perform()
      conductor.feed.close()
      await conductor.rig.close(keepsDirectory: !report.hasPassed)
      return report
    } catch {
      await conductor.troupe.killAll()
      conductor.feed.close()
      await conductor.rig.close(keepsDirectory: false)
      throw error
    }
  }

  private mutating func perform() async throws -> ScenarioReport {
    let start = ContinuousClock.now
    var settings = rig.settings()
    settings.hasTokens = plan.tokenRequestsMax > 0
    settings.hasStaleAnswers = plan.hasStaleAnswers
    settings.engine = plan.engine
    if isEager { settings.engine.assignment = "range" }
    try rig.write(settings)
    let books = Books(rig, feed)
    defer { books.abandon() }
    for step in plan.steps where step.atMs < 0 { try await perform(step.action) }
    for slot in 0..<plan.membersAtStart { try await troupe.perform(.join, slot: slot) }
    if await !troupe.awaitFirstAssignment(withinMs: Self.joinMsMax) {
      differences.append(Difference(.progress, "the group never formed"))
    }
    let first = ContinuousClock.now
    for step in plan.steps where step.atMs >= 0 {
      try? await Task.sleep(until: first + .milliseconds(step.atMs), clock: .continuous)
      try await perform(step.action)
    }
    try await calmDown()
    differences += await books.settle(withinMs: Self.settleMsMax)
    await troupe.endAll()
    let (findings, found) = try await books.close(hasFreshAnswers: !plan.hasStaleAnswers)
    differences += troupe.differences + found
    return report(findings, took: ContinuousClock.now - start)
  }

  // MARK: Steps

  private mutating func perform(_ action: ChaosPlan.Action) async throws {
    switch action {
    case .change(let index): made[index] = feed.make(plan.changes[index])
    case .emit(let index):
      let event = plan.events[index]
      if case .change(let change) = event.content {
        try feed.emit(event, made: made[change])
      } else {
        try feed.emit(event, made: nil)
      }
    case .api(.away): await rig.sandbox.goAway()
    case .api(.back): try await rig.sandbox.comeBack()
    case .api(let fault):
      // What is left of other faults goes on.
      faults = rig.sandbox.faults
      fault.apply(to: &faults)
      rig.sandbox.setFaults(faults)
    case .broker(let fault): try perform(fault)
    case .member(let slot, let action): try await troupe.perform(action, slot: slot)
    }
  }

  private func perform(_ fault: BrokerFault) throws(KafkaError) {
    let cluster = rig.cluster
    switch fault {
    case .errors(let request, let codes): cluster.pushErrors(request, codes)
    case .down(let broker): try cluster.setBroker(broker, up: false)
    case .up(let broker): try cluster.setBroker(broker, up: true)
    case .roundTrip(let broker, let ms): try cluster.setRoundTrip(broker: broker, ms: ms)
    case .leader(let partition, let broker):
      try cluster.setLeader(
        TopicPartition(MemberSettings.eventsTopic, partition), broker: broker)
    }
  }

  /// The plan's faults are over, whatever is left of them.
  private mutating func calmDown() async throws {
    for (request, _) in BrokerFault.passing { rig.cluster.clearErrors(request) }
    for broker in 1...plan.brokers {
      try rig.cluster.setBroker(broker, up: true)
      try rig.cluster.setRoundTrip(broker: broker, ms: 0)
    }
    try await rig.sandbox.comeBack()
    rig.sandbox.setFaults(Self.calm(plan))
  }

  private static func calm(_ plan: ChaosPlan) -> SandboxFaults {
    var faults = SandboxFaults()
    faults.seed = plan.seed
    faults.equalTimestamps = plan.hasEqualTimestamps
    faults.tokenRequestsMax = plan.tokenRequestsMax
    faults.latencyMs = 1
    return faults
  }

  private func report(_ findings: Auditor.Findings, took: Duration) -> ScenarioReport {
    let reads = rig.sandbox.reads
    return ScenarioReport(
      name: "seed \(plan.seed)", plan: plan.summary,
      figures: [
        ("events", "\(findings.entries.count)"), ("writes", "\(findings.contents.writes.count)"),
        ("reads", "\(reads.ids)"), ("calls", "\(reads.singles + reads.batchCalls)"),
        ("kills", "\(troupe.kills)"), ("429s", "\(reads.throttled)"),
        ("too early", "\(reads.callsWhileThrottled)"),
        ("dead letters", "\(findings.letters.count)"),
        ("commits back", "\(findings.regressions)"), ("audits", "\(findings.rounds)"),
        (
          "assignment",
          isEager && plan.engine.assignment != "range"
            ? "range, since the mock gave up" : plan.engine.assignment
        ),
      ],
      differences: differences, duration: took, directory: rig.directory,
      replay: "make chaos SEEDS=\(plan.seed)")
  }
}
