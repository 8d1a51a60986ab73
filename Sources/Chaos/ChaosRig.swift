// What every scenario stands on: brokers and API in this process, members as processes.

import FoundationEssentials
package import Kafka
package import Sandbox

/// One scenario's world. Its directory holds configuration, database and the members' logs.
package final class ChaosRig: Sendable {
  package let directory: String
  package let cluster: MockCluster
  package let sandbox: SandboxServer
  package let apiPort: Int
  package let partitions: Int32

  package init(
    brokers: Int32 = 1, partitions: Int32, faults: SandboxFaults = SandboxFaults()
  ) async throws {
    let base = FileManager.default.temporaryDirectory
    directory = base.appending(path: "hookferry-chaos-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: directory, withIntermediateDirectories: true)
    cluster = try MockCluster.start(brokers: brokers)
    self.partitions = partitions
    try cluster.createTopic(
      MemberSettings.eventsTopic, partitions: partitions, replication: min(brokers, 3))
    try cluster.createTopic(
      MemberSettings.retryTopic, partitions: partitions, replication: min(brokers, 3))
    try cluster.createTopic(
      MemberSettings.deadLettersTopic, partitions: 1, replication: min(brokers, 3))
    if brokers > 1 {
      // The last broker has the dead letters and nothing else: it can be away by itself.
      for partition in 0..<partitions {
        for topic in [MemberSettings.eventsTopic, MemberSettings.retryTopic] {
          try cluster.setLeader(
            TopicPartition(topic, partition), broker: 1 + partition % (brokers - 1))
        }
      }
      try cluster.setLeader(
        TopicPartition(MemberSettings.deadLettersTopic, 0), broker: brokers)
      try cluster.setCoordinator(group: MemberSettings.group, broker: 1)
    }
    var options = SandboxOptions()
    options.faults = faults
    sandbox = try SandboxServer(options)
    apiPort = try await sandbox.start()
  }

  package var databasePath: String { directory + "/hookferry.db" }
  private var configPath: String { directory + "/hookferry.yaml" }

  package func settings() -> MemberSettings {
    MemberSettings(
      bootstrapServers: cluster.bootstrapServers, apiPort: apiPort, databasePath: databasePath)
  }

  package func write(_ settings: MemberSettings) throws {
    try Data(settings.yaml.utf8).write(to: URL(filePath: configPath))
  }

  /// Starts a member; its log is called by this name.
  package func start(_ name: String, logLevel: String = "debug") throws(ChaosError) -> Member {
    try Member(
      program: Member.programs + "/hookferry-consumer",
      arguments: ["--config", configPath, "--log-level", logLevel],
      environment: MemberSettings.environment, logPath: "\(directory)/\(name).log")
  }

  /// Ends brokers and API. The directory stays when there is something to look into.
  package func close(keepsDirectory: Bool) async {
    await sandbox.stop()
    cluster.close()
    if !keepsDirectory { try? FileManager.default.removeItem(atPath: directory) }
  }
}
