// Kill -9 of the receiver under load, with faults of the broker: what was answered with 2xx is in
// the topic, and nothing is there that nobody sent. The broker lives on in this process.
import Foundation
import Kafka
import Model
import Testing

@Suite(.serialized) struct ReceiverKillTests {
  /// Five in every test run; `make kill-rounds` has 50.
  static var rounds: Int {
    ProcessInfo.processInfo.environment["HOOKFERRY_KILL_ROUNDS"].flatMap(Int.init) ?? 5
  }

  /// The form of every test run always does the same.
  private static var isShort: Bool { rounds <= 5 }

  @Test(.timeLimit(.minutes(5)))
  func aKilledReceiverHasKeptItsWord() async throws {
    let environment = ProcessInfo.processInfo.environment
    let seed =
      environment["HOOKFERRY_KILL_SEED"].flatMap(UInt64.init)
      ?? (Self.isShort ? 1 : .random(in: 1...999_999))
    print("kill rounds: \(Self.rounds), HOOKFERRY_KILL_SEED=\(seed)")
    var random = SplitMix64(seed: seed)
    let stage = try KillStage()
    defer { stage.close() }
    for round in 1...Self.rounds {
      let fault = BrokerFault.allCases.randomElement(using: &random) ?? .none
      let plan = KillPlan(
        fault: fault, faultMs: .random(in: 0...150, using: &random),
        killMs: .random(in: 20...300, using: &random), seed: random.next())
      let load = try await stage.play(plan)
      let missing = try await stage.await(load.stored)
      #expect(
        missing.isEmpty,
        "round \(round), \(plan): answered 2xx and not in the topic: \(missing.sorted().prefix(9))")
      #expect(stage.strangers.isEmpty, "round \(round): nobody sent \(stage.strangers)")
    }
    stage.readTheRest()
    #expect(stage.strangers.isEmpty)
    print("kill rounds: \(stage.summary)")
    #expect(stage.storedCount > 0, "no round stored anything")
  }
}

/// What the broker does while the receiver has load.
enum BrokerFault: CaseIterable {
  case none, produceErrors, slow, oneDown, initErrors, topicError

  /// librdkafka takes the acknowledgement of a later batch for an earlier one that failed too: a
  /// broker that keeps sequence numbers could not have given it otherwise. The mock broker keeps
  /// none, so where it refuses single batches there must be no later one under way.
  var batchesInFlight: Int { self == .produceErrors || self == .topicError ? 1 : 5 }
}

struct KillPlan {
  let fault: BrokerFault
  /// After the first 2xx.
  let faultMs: Int
  let killMs: Int
  let seed: UInt64
}

/// Broker, configuration and reader of all rounds.
final class KillStage {
  private let cluster: MockCluster
  private let reader: Consumer
  private let directory: TemporaryDirectory
  private var numbers = 0
  private var sent: Set<Int> = []
  private var seen: Set<Int> = []
  private(set) var strangers: Set<Int> = []
  private(set) var storedCount = 0
  private var refused = 0
  private var repeats = 0
  private static let topic = "hookferry.events"

  init() throws {
    cluster = try MockCluster.start(brokers: 2)
    try cluster.createTopic(Self.topic, partitions: 4)
    for partition: Int32 in 0..<4 {
      try cluster.setLeader(TopicPartition(Self.topic, partition), broker: partition % 2 + 1)
    }
    reader = try Consumer(
      ConsumerOptions(
        bootstrapServers: cluster.bootstrapServers, groupId: "reader",
        extra: ["reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "50"]))
    try reader.assign(
      (0..<4).map {
        PartitionOffset(TopicPartition(Self.topic, $0), PartitionOffset.beginning)
      })
    directory = try TemporaryDirectory()
  }

  private func configuration(_ fault: BrokerFault) throws -> String {
    let text = """
      kafka:
        bootstrap_servers: "\(cluster.bootstrapServers)"
        properties:
          reconnect.backoff.ms: "20"
          reconnect.backoff.max.ms: "100"
          max.in.flight.requests.per.connection: "\(fault.batchesInFlight)"
      receiver:
        listen_address: 127.0.0.1
        port: 0
        admin_port: 0
        socket_timeout_ms: 300
        message_timeout_ms: 500
        request_deadline_ms: 600
      sources:
        crm:
          provider: hubspot
          secrets: ["text:\(Rig.secret)"]
          public_url: \(Rig.publicURL)
      """
    return try directory.write("hookferry.yaml", text)
  }

  /// One life of a receiver.
  func play(_ plan: KillPlan) async throws -> KillLoad.Result {
    if plan.fault == .initErrors {
      cluster.pushErrors(.initProducerId, [.coordinatorLoading, .requestTimedOut])
    }
    let receiver = try Program("hookferry-receiver", ["--config", try configuration(plan.fault)])
    let line = try await receiver.line(containing: "listening")
    let port = try #require(LogLine(line)?.fields["port"] as? Int)
    let load = KillLoad(port: port, firstNumber: numbers + 1, seed: plan.seed)
    await load.run(
      faultMs: plan.faultMs, fault: { [cluster] in Self.inject(plan.fault, cluster) },
      killMs: plan.killMs, kill: { receiver.send(SIGKILL) })
    let status = await receiver.exitStatus()
    #expect(status == -9, "the receiver ended by itself: \(receiver.printed.suffix(5))")
    try heal()
    let result = load.result
    numbers = result.lastNumber
    sent.formUnion(result.sent)
    storedCount += result.stored.count
    refused += result.refused
    return result
  }

  private static func inject(_ fault: BrokerFault, _ cluster: MockCluster) {
    switch fault {
    case .none, .initErrors: break
    case .produceErrors:
      cluster.pushErrors(
        .produce,
        [
          .notLeader, .requestTimedOut, .notEnoughReplicasAfterAppend, .notLeader,
          .notEnoughReplicas,
        ])
    case .slow:
      for broker: Int32 in 1...2 { try? cluster.setRoundTrip(broker: broker, ms: 40) }
    case .oneDown: try? cluster.setBroker(2, up: false)
    case .topicError: cluster.setTopicError(topic, .notLeader)
    }
  }

  private func heal() throws {
    cluster.clearErrors(.produce)
    cluster.clearErrors(.initProducerId)
    cluster.setTopicError(Self.topic, nil)
    for broker: Int32 in 1...2 { try cluster.setRoundTrip(broker: broker, ms: 0) }
    try cluster.setBroker(2, up: true)
  }

  /// Reads until all of these were seen, at most 10 s; returns what was not.
  func await(_ wanted: Set<Int>) async throws -> Set<Int> {
    for _ in 0..<200 where !wanted.isSubset(of: seen) { read() }
    return wanted.subtracting(seen)
  }

  /// Whatever else there is.
  func readTheRest() { for _ in 0..<6 { read() } }

  private func read() {
    for case .records(_, let batch) in reader.poll(recordsMax: 1000, timeoutMs: 50) {
      for record in batch {
        let number = RecordKey(encoded: record.key ?? []).flatMap { Int($0.recordId) } ?? -1
        if !sent.contains(number) { strangers.insert(number) }
        if !seen.insert(number).inserted { repeats += 1 }
      }
    }
  }

  var summary: String {
    "\(sent.count) events sent, \(storedCount) answered 2xx, \(refused) refused, "
      + "\(seen.count) in the topic, \(repeats) of them twice"
  }

  func close() {
    reader.close(timeoutMs: 5000)
    cluster.close()
  }
}
