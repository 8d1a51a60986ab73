// What is particular to a server: it can be away, refuse us, be slow, or end in the middle.

import Foundation
import Model
import PostgresTestSupport
import Testing

@testable import Stores

@Suite struct PostgresStoreTests {
  private func failures(_ results: [Result<Outcome, Failure>]) -> [FailureClass?] {
    results.map {
      if case .failure(let failure) = $0 { failure.failureClass } else { nil }
    }
  }

  @Test func aRefusalAtBootIsAnErrorWithoutThePassword() throws {
    let cluster = try SharedCluster.cluster
    let user = "u_\(UUID().uuidString.prefix(8).lowercased())"
    try SharedCluster.execute(
      "DO $$ BEGIN CREATE ROLE with_password; EXCEPTION WHEN OTHERS THEN NULL; END $$",
      "CREATE ROLE \(user) LOGIN PASSWORD 'right' IN ROLE with_password",
      at: cluster.dsn(schema: "public"))
    let base = "postgres://\(user):wr0ngWord@127.0.0.1:\(cluster.port)"
    let cases: [(String, StoreError.Code)] = [
      ("\(base)/postgres", .denied),
      ("postgres://\(user)@127.0.0.1:\(cluster.port)/postgres", .denied),
      ("postgres://hookferry:wr0ngWord@127.0.0.1:\(cluster.port)/missing", .unknownDatabase),
      (cluster.dsn(schema: "missing"), .unknownDatabase),
      ("postgres://hookferry:wr0ng@Word@127.0.0.1:\(cluster.port)/postgres", .badAddress),
      ("postgres://hookferry:wr0ng/Word@127.0.0.1:\(cluster.port)/postgres", .badAddress),
      ("host=127.0.0.1 password='wr0ngWord", .badAddress),
      ("wr0ngWord", .badAddress),
    ]
    for (dsn, code) in cases {
      let error = #expect(throws: StoreError.self) { try PostgresStore(PostgresOptions(dsn: dsn)) }
      #expect(error?.code == code, "\(dsn): \(error?.description ?? "")")
      #expect(error?.description.contains("wr0ng") == false)
      #expect(error?.description.contains("Word") == false)
    }
  }

  @Test func aNewerSchemaIsRefused() throws {
    let rig = try StoreRig(.postgres)
    try SharedCluster.execute("UPDATE hookferry_schema SET version = 99", at: rig.place)
    let error = #expect(throws: StoreError.self) { try rig.openStore() }
    #expect(error?.code == .newerSchema)
    #expect(error?.description.contains("99") == true)
    #expect(throws: StoreError.self) { try rig.openReader() }
  }

  @Test func theTablesAreMadeOnceHoweverManyAsk() async throws {
    for _ in 0..<6 {
      let dsn = try SharedCluster.freshDSN()
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<6 { group.addTask { _ = try PostgresStore(PostgresOptions(dsn: dsn)) } }
        try await group.waitForAll()
      }
    }
  }

  @Test func tablesOfOthersAreLeftAlone() throws {
    let dsn = try SharedCluster.freshDSN()
    try SharedCluster.execute("CREATE TABLE records (mine int)", at: dsn)
    #expect(throws: StoreError.self) { try PostgresStore(PostgresOptions(dsn: dsn)) }
    #expect(throws: StoreError.self) { try PostgresReader(PostgresOptions(dsn: dsn)) }
  }

  @Test func aWriteThatCannotBeStoredDoesNotTouchItsNeighbours() throws {
    let rig = try StoreRig(.postgres)
    var random = SplitMix64(seed: 1)
    // Too long for an index, however well it is packed.
    let long = String(
      (0..<9000).map { _ in "abcdefghijklmnop".randomElement(using: &random) ?? "a" })
    let results = rig.store.apply([
      try write("e1", "1", version: 1, seq: 1, "a"),
      try write("e2", "a\u{0}b", version: 1, seq: 1, "b"),
      try write("e3", "3", version: 1, seq: 1, "c"), try write("e4", long, version: 1, seq: 1, "d"),
      try write("e5", "5", version: 1, seq: 1, "e"),
      try write("e\u{0}", "6", version: 1, seq: 1, "f"),
    ])
    #expect(failures(results) == [nil, .permanent, nil, .permanent, nil, .permanent])
    #expect(try rig.reader.counts() == StoreCounts(live: 3, deleted: 0, inbox: 3, writeLog: 3))
  }

  @Test func lockedRowsFailAllAsTransientInTime() throws {
    let rig = try StoreRig(.postgres)
    #expect(rig.apply(try write("e1", version: 1, seq: 1, "a")) == [.written])
    let store = try PostgresStore(PostgresOptions(dsn: rig.place, statementTimeoutMs: 2000))
    let locker = try SharedCluster.session(at: rig.place)
    try locker.run(
      [PostgresCommand("BEGIN"), PostgresCommand("SELECT FROM records FOR UPDATE")],
      deadline: Deadline(afterMs: 5000))
    let process = try store.link.connected().serverProcess
    let writes = [
      try write("e2", version: 2, seq: 2, "b"), try write("e3", "2", version: 1, seq: 1, "c"),
    ]
    let deadline = Deadline(afterMs: 2000 + 5000)
    #expect(failures(store.apply(writes)) == [.transient, .transient])
    #expect(!deadline.hasPassed)
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 1, writeLog: 1))
    try locker.run([PostgresCommand("ROLLBACK")], deadline: Deadline(afterMs: 5000))
    #expect(outcomes(store.apply(writes)) == [.written, .written])
    #expect(try store.link.connected().serverProcess == process, "it cost no connection")
  }

  @Test func aConnectionThatIsKilledInMidTransactionLeavesNothing() async throws {
    let rig = try StoreRig(.postgres)
    #expect(rig.apply(try write("e1", version: 1, seq: 1, "a")) == [.written])
    let locker = try SharedCluster.session(at: rig.place)
    try locker.run(
      [PostgresCommand("BEGIN"), PostgresCommand("SELECT FROM records FOR UPDATE")],
      deadline: Deadline(afterMs: 5000))
    let place = rig.place
    let store = Handover(try PostgresStore(PostgresOptions(dsn: place)))
    let process = try store.value.link.connected().serverProcess
    let writes = [
      try write("e2", "2", version: 1, seq: 1, "new"), try write("e3", version: 2, seq: 2, "b"),
    ]
    async let results = store.value.apply(writes)
    // The transaction waits for the row; then its connection goes.
    try SharedCluster.execute(
      """
      DO $$ BEGIN
        FOR n IN 1..500 LOOP
          EXIT WHEN EXISTS (SELECT FROM pg_stat_activity
            WHERE pid = \(process) AND wait_event_type = 'Lock');
          PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot();
        END LOOP;
        PERFORM pg_terminate_backend(\(process));
      END $$
      """, at: place)
    #expect(failures(await results) == [.transient, .transient])
    #expect(try rig.reader.counts() == StoreCounts(live: 1, deleted: 0, inbox: 1, writeLog: 1))
    try locker.run([PostgresCommand("ROLLBACK")], deadline: Deadline(afterMs: 5000))
    #expect(outcomes(store.value.apply(writes)) == [.written, .written], "connected anew")
  }

  /// Four writers apply the same events in orders of their own, while their connections are killed
  /// again and again.
  @Test func killedConnectionsLoseAndRepeatNothing() async throws {
    let rig = try StoreRig(.postgres)
    let place = rig.place
    try await withThrowingTaskGroup(of: Void.self) { group in
      for seed in 1...4 as ClosedRange<UInt64> {
        group.addTask { try applyAll(place, seed: seed) }
      }
      let mine = try SharedCluster.cluster.dsn(schema: "public")
      for _ in 0..<12 {
        try SharedCluster.execute(
          """
          SELECT pg_terminate_backend(pid), pg_sleep(0.01) FROM pg_stat_activity
          WHERE application_name = 'killed'
          """, at: mine)
      }
      try await group.waitForAll()
    }
    let log = try rig.reader.writeLog()
    #expect(Set(log.map(\.eventId)).count == log.count, "an event took effect twice")
    #expect(try rig.reader.counts().inbox == 300)
    for id in 0..<30 {
      let record = try #require(try rig.reader.record(key("\(id)")))
      #expect(record.version == Int64(270 + id))
      let versions = log.filter { $0.key == record.key }.map(\.version)
      #expect(versions == versions.sorted(), "an older state overwrote a newer one")
    }
  }

  @Test func aServerThatStopsAndStartsAgain() throws {
    // One of its own: the other tests go on with theirs.
    let cluster = try PostgresCluster()
    defer { cluster.close() }
    let options = PostgresOptions(dsn: cluster.dsn(schema: "public"))
    let early = try PostgresStore(options)
    #expect(outcomes(early.apply([try write("e1", version: 1, seq: 1, "a")])) == [.written])
    cluster.stop()
    let writes = [
      try write("e1", version: 1, seq: 2, "a"), try write("e2", "2", version: 1, seq: 1, "b"),
    ]
    #expect(failures(early.apply(writes)) == [.transient, .transient])
    let late = try PostgresStore(options)
    #expect(failures(late.apply(writes)) == [.transient, .transient], "born without a server")
    #expect(throws: StoreError.self) { try PostgresStore.check(options) }
    #expect(throws: StoreError.self) {
      try late.claim(
        ClaimKey(sink: "s", idempotencyKey: "k"), owner: "o", leaseUntilMs: 1, nowMs: 0)
    }
    try cluster.start()
    #expect(recovered(early, writes) == [.duplicate, .written])
    #expect(recovered(late, writes) == [.duplicate, .duplicate])
  }

  /// Tries until the wait between two attempts to connect is over, which calls do not sit out.
  private func recovered(_ store: PostgresStore, _ writes: [RecordWrite]) -> [Outcome] {
    let deadline = Deadline(afterMs: 10_000)
    while !deadline.hasPassed {
      let results = store.apply(writes)
      if failures(results).allSatisfy({ $0 == nil }) { return outcomes(results) }
    }
    return []
  }

  @Test func aServerThatDoesNotAnswerIsGivenUpInTime() throws {
    let silent = try SilentServer()
    let dsn = "host=127.0.0.1 port=\(silent.port) dbname=x user=x"
    let deadline = Deadline(afterMs: 200 + 2000)
    let store = try PostgresStore(PostgresOptions(dsn: dsn, connectTimeoutMs: 200))
    #expect(failures(store.apply([try write("e1", version: 1, seq: 1, "a")])) == [.transient])
    #expect(!deadline.hasPassed)
  }

  @Test(arguments: [
    ("08006", StoreError.Code.unreachable), ("57P01", .unreachable), ("57014", .busy),
    ("55P03", .busy), ("53100", .diskFull), ("53200", .io), ("25006", .readOnly),
    ("28P01", .denied), ("42501", .denied), ("3D000", .unknownDatabase), ("40P01", .conflict),
    ("40001", .conflict), ("23505", .rejected), ("23514", .rejected), ("22021", .invalidText),
    ("54000", .tooLarge), ("P0001", .rejected), ("42P01", .corrupt), ("XX001", .corrupt),
    ("0A000", .bug),
  ])
  func everyStateHasItsCode(state: String, code: StoreError.Code) {
    #expect(StoreError.code(state: state, isOurs: false) == code)
  }
}

/// Event n is version n of record n % 30; failures are tried again.
private func applyAll(_ place: String, seed: UInt64) throws {
  var random = SplitMix64(seed: seed)
  let store = try PostgresStore(PostgresOptions(dsn: "\(place) application_name=killed"))
  var numbers = Array(0..<300)
  numbers.shuffle(using: &random)
  let deadline = Deadline(afterMs: 20_000)
  while !numbers.isEmpty, !deadline.hasPassed {
    let batch = numbers.prefix(9)
    let writes = try batch.map { number in
      try write(
        "e\(number)", "\(number % 30)", version: Int64(number), seq: Int64(number), "v\(number)")
    }
    let results = store.apply(writes)
    numbers.removeFirst(batch.count)
    for (number, result) in zip(batch, results) {
      if case .failure = result { numbers.append(number) }
    }
  }
  #expect(numbers.isEmpty, "seed \(seed)")
  store.close()
}

/// Gives a store to one task, which alone uses it while it runs.
///
/// SAFETY: the test awaits the task before it touches the store again.
private final class Handover: @unchecked Sendable {
  let value: PostgresStore
  init(_ value: PostgresStore) { self.value = value }
}
