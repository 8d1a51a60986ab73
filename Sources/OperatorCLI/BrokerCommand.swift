// The embedded broker as a process of its own: for benchmarks and for trying things with kcat.
import ArgumentParser
import Kafka

struct BrokerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "broker",
    abstract: "Run the embedded mock broker until interrupted; nothing of it is durable.",
    discussion: """
      The first line printed is its address, for kafka.bootstrap_servers. It has no admin \
      requests: topics are given here, and replay reset needs a real broker.
      """)

  @Option(help: "Brokers of the cluster.")
  var brokers = 1

  @Option(help: ArgumentHelp("A topic to create, repeatable.", valueName: "name:partitions"))
  var topic: [String] = [
    "hookferry.events:4", "hookferry.retry:4", "hookferry.dead-letters:1",
  ]

  @Option(help: "Hold every answer back by so many milliseconds.")
  var roundTripMs = 0

  func validate() throws {
    guard (0...60_000).contains(roundTripMs) else {
      throw ValidationError("--round-trip-ms is 0 to 60000")
    }
    guard (1...9).contains(brokers) else { throw ValidationError("--brokers is 1 to 9") }
    _ = try topics
  }

  func run() async throws {
    let cluster = try MockCluster.start(brokers: Int32(brokers))
    for (name, partitions) in try topics {
      try cluster.createTopic(
        name, partitions: Int32(partitions), replication: Int32(min(brokers, 3)))
    }
    for broker in 1...Int32(brokers) where roundTripMs > 0 {
      try cluster.setRoundTrip(broker: broker, ms: Int32(roundTripMs))
    }
    Terminal.current.line(cluster.bootstrapServers)
    await Interrupt.wait()
    cluster.close()
  }

  private var topics: [(String, Int)] {
    get throws {
      try topic.map { text in
        let parts = text.split(separator: ":")
        guard parts.count == 2, let partitions = Int(parts[1]), (1...128).contains(partitions)
        else { throw ValidationError("--topic \(text): write name:partitions, 1 to 128") }
        return (String(parts[0]), partitions)
      }
    }
  }
}
