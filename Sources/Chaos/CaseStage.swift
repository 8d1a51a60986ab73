// What the cases share: one member, a feed, the books.

import FoundationEssentials
import Kafka
import Model
package import Sandbox
import Stores

/// A case: a scenario that is written out and not drawn, with limits of its own.
package protocol ChaosCase: Sendable {
  static var name: String { get }
  /// Carries it out; adds figures and findings to the stage's own.
  func play(_ stage: inout CaseStage) async throws
  var partitions: Int32 { get }
  /// Of the sandbox, from the start.
  var faults: SandboxFaults { get }
}

/// The world of a case. One task.
package struct CaseStage {
  let rig: ChaosRig
  let feed: EventFeed
  let books: Books
  var troupe: Troupe
  var settings: MemberSettings
  var figures: [(name: String, value: String)] = []
  var differences: [Difference] = []
  private var nextEvent = 0

  /// A topic of one partition must hold many events: larger batches compress better, and the mock
  /// broker keeps 5 MB a partition.
  private static let dense = [
    "compression.type": "zstd", "batch.num.messages": "10000", "linger.ms": "20",
  ]

  private init(_ partitions: Int32, _ faults: SandboxFaults) async throws {
    rig = try await ChaosRig(partitions: partitions, faults: faults)
    feed = try EventFeed(
      bootstrapServers: rig.cluster.bootstrapServers, sandbox: rig.sandbox, extra: Self.dense)
    books = Books(rig, feed)
    troupe = Troupe(rig, slots: 1)
    settings = rig.settings()
  }

  /// Throws when the machine does not allow the case; everything else is in the report.
  package static func run(_ chaosCase: some ChaosCase) async throws -> ScenarioReport {
    let start = ContinuousClock.now
    var stage = try await CaseStage(chaosCase.partitions, chaosCase.faults)
    let name = type(of: chaosCase).name
    do {
      try await chaosCase.play(&stage)
      await stage.troupe.endAll()
      let (_, found) = try await stage.books.close()
      let report = ScenarioReport(
        name: name, plan: "\(chaosCase)", figures: stage.figures,
        differences: stage.differences + stage.troupe.differences + found,
        duration: ContinuousClock.now - start, directory: stage.rig.directory,
        replay: "make chaos CASE=\(name)")
      stage.feed.close()
      await stage.rig.close(keepsDirectory: !report.hasPassed)
      return report
    } catch {
      stage.books.abandon()
      await stage.troupe.killAll()
      stage.feed.close()
      await stage.rig.close(keepsDirectory: false)
      throw error
    }
  }

  /// Changes a contact and publishes the event of it.
  mutating func change(_ id: Int, _ value: String) throws {
    let made = feed.make(
      .put(type: "contact", id: String(id), properties: ["email": value]))
    let event = ChaosPlan.PlannedEvent(id: "e-\(nextEvent)", content: .change(nextEvent))
    nextEvent += 1
    try feed.emit(event, made: made)
  }

  mutating func note(_ name: String, _ value: some CustomStringConvertible) {
    figures.append((name, value.description))
  }

  /// A finding unless it holds.
  mutating func expect(_ holds: Bool, _ guarantee: Guarantee, _ text: @autoclosure () -> String) {
    if !holds { differences.append(Difference(guarantee, text())) }
  }

  /// Events that the inbox knows; 0 before there is a database.
  func eventsApplied() -> Int {
    guard let reader = try? StoreReader(path: rig.databasePath) else { return 0 }
    return (try? reader.counts().inbox) ?? 0
  }

  /// Waits until the inbox knows so many events. False: the time was too short.
  func awaitApplied(_ count: Int, withinMs: Int) async -> Bool {
    for _ in 0..<max(1, withinMs / 20) {
      if eventsApplied() >= count { return true }
      try? await Task.sleep(for: .milliseconds(20))
    }
    return false
  }
}
