// Three consumers of one group against a stand-alone broker, one of which dies; then a replay from
// a point in time.
import CSQLite
import Foundation
import Kafka
import KafkaTestSupport
import Model
import Sandbox
import Stores
import Testing

@Suite(.serialized) struct ScaleAndReplayTests {
  static let partitionCount = 6

  @Test(.timeLimit(.minutes(3)))
  func threeShareOneDiesAndAReplayTakesExactlyTheRecordsFromThenOn() async throws {
    let broker = try StandaloneBroker()
    defer { broker.close() }
    let rig = try await Rig(bootstrapServers: broker.bootstrapServers, latencyMs: 10)
    let config = try rig.configuration()
    try await createTopics(rig, config)
    let receiver = try await rig.startReceiver(config)
    let fleet = try Fleet(rig, count: 3, configPath: config)
    try await fleet.awaitShares(partitions: Self.partitionCount)

    await change(rig, seed: 11)
    fleet.consumers[2].send(9)
    #expect(await fleet.consumers[2].exitStatus() == -9)
    let thenMs = Self.nextMillisecond()
    await change(rig, seed: 12)
    let log = try Log(
      bootstrapServers: broker.bootstrapServers, count: rig.sandbox.progress.eventsAccepted)
    var frontier = Frontier()
    try await frontier.follow(fleet.lines) { log.isCommitted($0) }
    try Comparison.expectEqual(rig.sandbox, databasePath: rig.databasePath)
    try Comparison.expectNothingAppliedTwice(databasePath: rig.databasePath)

    try await expectResetRefused(rig, config, thenMs)
    fleet.consumers[0].send(15)
    #expect(await fleet.consumers[0].exitStatus() == 0)
    // A member that leaves while it joins would keep the stand-alone broker waiting for ever.
    try await fleet.awaitAll(member: 1, partitions: Self.partitionCount)
    fleet.consumers[1].send(15)
    #expect(await fleet.consumers[1].exitStatus() == 0)
    try await replay(rig, config, log: log, thenMs: thenMs)
    receiver.send(15)
    #expect(await receiver.exitStatus() == 0)
    await rig.close()
  }

  private func createTopics(_ rig: Rig, _ config: String) async throws {
    let program = try rig.start(
      "hookferry",
      [
        "topics", "create", "--config", config, "--partitions", "\(Self.partitionCount)",
        "--replication", "1",
      ])
    #expect(await program.exitStatus() == 0, "\(program.printed)")
  }

  private func change(_ rig: Rig, seed: UInt64) async {
    var script = ChangeScript.Options()
    script.seed = seed
    script.recordCount = 80
    script.changeCount = 250
    script.deleteRate = 0
    script.poisonCount = 0
    await rig.sandbox.run(ChangeScript(script))
    await rig.sandbox.waitUntilDelivered()
    #expect(rig.sandbox.progress.requestsRefused == 0)
  }

  /// A group with members would overwrite what is set.
  private func expectResetRefused(_ rig: Rig, _ config: String, _ thenMs: Int64) async throws {
    let reset = try rig.start("hookferry", resetArguments(config, thenMs))
    #expect(await reset.exitStatus() != 0)
    await reset.finishReading()
    #expect(reset.printed.contains { $0.contains("active members") }, "\(reset.printed)")
  }

  private func resetArguments(_ config: String, _ thenMs: Int64) -> [String] {
    [
      "replay", "reset", "--config", config, "--to-datetime", Timestamp(ms: thenMs).text,
      "--execute",
    ]
  }

  private func replay(_ rig: Rig, _ config: String, log: Log, thenMs: Int64) async throws {
    let before = try Self.rows(rig)
    let replayed = log.records.filter { $0.timestampMs >= thenMs }
    let keys = Array(Set(replayed.map(\.key))).sorted { $0.description < $1.description }
    let lost = try #require(keys.first)
    let newer = try #require(keys.last)
    #expect(lost != newer)
    try Self.tamper(rig, lost, "version = 1, seq = 1, hash = 0, payload = '{}'")
    let future: Int64 = 9_000_000_000_000
    try Self.tamper(rig, newer, "version = \(future), seq = \(future)000, payload = '{\"x\":1}'")

    let reset = try rig.start("hookferry", resetArguments(config, thenMs))
    #expect(await reset.exitStatus() == 0, "\(reset.printed)")
    let consumer = try rig.startConsumer(config)
    var frontier = Frontier()
    try await frontier.follow(consumer.lines) { frontier in
      log.ends.allSatisfy { partition, end in
        !replayed.contains { $0.partition == partition } || frontier.offsets[partition] == end
      }
    }
    consumer.send(15)
    let status = await consumer.exitStatus()
    #expect(status == 0, "\(consumer.printed.joined(separator: "\n"))")

    let expected = Dictionary(grouping: replayed, by: \.partition).mapValues {
      $0.map(\.offset).sorted()
    }
    #expect(!expected.isEmpty)
    #expect(frontier.receivedOffsets == expected, "exactly the records from then on")
    var after = try Self.rows(rig)
    #expect(after[lost] == before[lost], "what was rolled back is restored")
    #expect(after[newer]?.version == future, "what is newer stays")
    after[lost] = nil
    after[newer] = nil
    #expect(after == before.filter { $0.key != lost && $0.key != newer })
  }

  private struct Row: Equatable {
    let version: Int64
    let payload: [UInt8]?
  }

  private static func rows(_ rig: Rig) throws -> [RecordKey: Row] {
    var rows: [RecordKey: Row] = [:]
    try StoreReader(path: rig.databasePath).forEachRecord {
      rows[$0.key] = Row(version: $0.version, payload: $0.payload)
    }
    return rows
  }

  private static func tamper(_ rig: Rig, _ key: RecordKey, _ assignments: String) throws {
    var database: OpaquePointer?
    defer { sqlite3_close(database) }
    try #require(sqlite3_open(rig.databasePath, &database) == SQLITE_OK)
    let sql = "UPDATE records SET \(assignments) WHERE record_id = '\(key.recordId)'"
    try #require(sqlite3_exec(database, sql, nil, nil, nil) == SQLITE_OK)
    #expect(sqlite3_changes(database) == 1)
  }

  /// A time that no record so far has, and every later one has or exceeds.
  private static func nextMillisecond() -> Int64 {
    let nowMs = { Int64(Date().timeIntervalSince1970 * 1000) }
    let startMs = nowMs()
    while nowMs() <= startMs + 1 {}
    return startMs + 1
  }
}
