// Kill -9 of the consumer in mid-flow: nothing lost, nothing applied twice.
import Model
import Sandbox
import Stores
import Testing

@Suite(.serialized) struct KillTests {
  @Test(.timeLimit(.minutes(2)))
  func aKilledConsumerLosesNothingAndRepeatsNothing() async throws {
    let broker = try Program(
      "hookferry",
      [
        "broker", "--topic", "hookferry.events:4", "--topic",
        "hookferry.dead-letters:1",
      ])
    let address = try #require(await broker.line { _ in true })
    let rig = try await Rig(bootstrapServers: address, latencyMs: 20)
    let config = try rig.configuration()
    _ = try await rig.startReceiver(config)

    var script = ChangeScript.Options()
    script.seed = 7
    script.recordCount = 150
    script.changeCount = 600
    script.poisonCount = 1
    await rig.sandbox.run(ChangeScript(script))
    await rig.sandbox.waitUntilDelivered()
    let sent = rig.sandbox.progress
    #expect(sent.requestsRefused == 0)
    let total = Int64(sent.eventsAccepted + sent.poisonBodies)

    let first = try rig.startConsumer(config)
    var frontier = Frontier()
    try await frontier.follow(first.lines) { $0.total >= 50 }
    first.send(9)
    #expect(await first.exitStatus() == -9)
    // What it committed unheard is not committed again.
    try frontier.takeCommitted(bootstrapServers: address, partitions: 4)
    let committedAtKill = frontier.total
    #expect(committedAtKill < total, "the kill must come in mid-flow")

    let second = try rig.startConsumer(config)
    try await frontier.follow(second.lines) { $0.total >= total }
    second.send(15)
    #expect(await second.exitStatus() == 0)
    #expect(frontier.total == total, "committed exactly what was accepted")

    try Comparison.expectEqual(rig.sandbox, databasePath: rig.databasePath)
    try Comparison.expectNothingAppliedTwice(databasePath: rig.databasePath)
    await rig.close()
    await broker.end()
  }
}
