// The manifests agree with the configuration that they carry and with the programs.

import Foundation
import Settings
import Testing
import Yams

@Suite struct KubernetesTests {
  private let workloads = [
    ("Deployment", "hookferry-receiver"), ("Deployment", "hookferry-consumer"),
    ("Job", "hookferry-topics"),
  ]

  @Test func everyFileIsLookedAt() throws {
    let directory = Deployment.root.appending(path: "deploy/kubernetes").path()
    let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    #expect(files.map { "deploy/kubernetes/\($0)" } == Deployment.kubernetesFiles.sorted())
    for document in try Deployment.kubernetes() {
      #expect(document["apiVersion"]?.string?.isEmpty == false)
      #expect(document["metadata"]?["labels"]?["app.kubernetes.io/name"]?.string == "hookferry")
    }
  }

  @Test func everyCommandIsOneThatTheProgramsHave() throws {
    for (kind, name) in workloads {
      let container = try #require(try Deployment.kubernetes(kind, name).container)
      let command = (container["command"]?.texts ?? []) + (container["args"]?.texts ?? [])
      #expect(CommandSurface.complaint(about: command) == nil)
      let config = try #require(CommandSurface.value(of: "--config", in: command))
      let mount = container["volumeMounts"]?.array().first { $0["name"]?.string == "config" }
      #expect(config == "\(mount?["mountPath"]?.string ?? "")/hookferry.yaml", "\(name)")
    }
  }

  @Test func workloadsAreLockedDownAndSized() throws {
    for (kind, name) in workloads {
      let workload = try Deployment.kubernetes(kind, name)
      let pod = try #require(workload["spec"]?["template"]?["spec"])
      let container = try #require(workload.container)
      #expect(pod["securityContext"]?["runAsNonRoot"]?.bool == true, "\(name)")
      #expect(pod["securityContext"]?["runAsUser"]?.int == 10001, "\(name)")
      let security = container["securityContext"]
      #expect(security?["readOnlyRootFilesystem"]?.bool == true, "\(name)")
      #expect(security?["allowPrivilegeEscalation"]?.bool == false, "\(name)")
      #expect(security?["capabilities"]?["drop"]?.texts == ["ALL"], "\(name)")
      #expect(container["resources"]?["requests"]?.names.sorted() == ["cpu", "memory"])
      #expect(container["resources"]?["limits"]?["memory"] != nil, "\(name)")
    }
  }

  @Test func portsAndProbesAreThoseOfTheConfiguration() throws {
    let configuration = try Deployment.kubernetesConfiguration()
    let expected = [
      ("hookferry-receiver", configuration.receiver.adminPort),
      ("hookferry-consumer", configuration.consumer.adminPort),
    ]
    for (name, adminPort) in expected {
      let deployment = try Deployment.kubernetes("Deployment", name)
      let container = try #require(deployment.container)
      #expect(container.port(named: "admin") == adminPort, "\(name)")
      for (probe, path) in [("livenessProbe", "/livez"), ("readinessProbe", "/readyz")] {
        #expect(container[probe]?["httpGet"]?["path"]?.string == path, "\(name)")
        #expect(container[probe]?["httpGet"]?["port"]?.string == "admin", "\(name)")
      }
      let template = deployment["spec"]?["template"]
      let annotations = template?["metadata"]?["annotations"]
      #expect(annotations?["prometheus.io/port"]?.string == "\(adminPort)", "\(name)")
      #expect(
        template?["metadata"]?["labels"] == deployment["spec"]?["selector"]?["matchLabels"])
    }
    let receiver = try Deployment.kubernetes("Deployment", "hookferry-receiver")
    #expect(receiver.container?.port(named: "hooks") == configuration.receiver.port)
    let service = try Deployment.kubernetes("Service", "hookferry-receiver")
    #expect(service["spec"]?["ports"]?.array().map { $0["targetPort"]?.string } == ["hooks"])
    #expect(
      service["spec"]?["selector"] == receiver["spec"]?["selector"]?["matchLabels"])
  }

  @Test func nobodyIsKilledWhileItDrains() throws {
    let configuration = try Deployment.kubernetesConfiguration()
    let receiver = configuration.receiver
    #expect(
      try graceMs("hookferry-receiver")
        >= receiver.drainGraceMs + receiver.drainTimeoutMs + 5000)
    #expect(
      try graceMs("hookferry-consumer") >= configuration.consumer.drainTimeoutMs + 5000)
  }

  private func graceMs(_ name: String) throws -> Int {
    let deployment = try Deployment.kubernetes("Deployment", name)
    let pod = deployment["spec"]?["template"]?["spec"]
    return try #require(pod?["terminationGracePeriodSeconds"]?.int) * 1000
  }

  @Test func secretsOfEachServiceAreGivenToIt() throws {
    let map = try Deployment.kubernetes("ConfigMap", "hookferry")
    let text = try #require(map["data"]?["hookferry.yaml"]?.string)
    let kept = try Deployment.kubernetes("Secret", "hookferry")["stringData"]?.names ?? []
    for (name, scope) in [
      ("hookferry-receiver", ConfigurationScope.receiver), ("hookferry-consumer", .consumer),
    ] {
      let container = try #require(try Deployment.kubernetes("Deployment", name).container)
      let variables = container["env"]?.array() ?? []
      for variable in variables {
        let key = variable["valueFrom"]?["secretKeyRef"]?["key"]?.string
        #expect(kept.contains(key ?? ""), "\(name)")
      }
      let given = variables.compactMap { $0["name"]?.string }
      let environment = Dictionary(uniqueKeysWithValues: given.map { ($0, "x") })
      #expect(throws: Never.self, "\(name)") {
        try Configuration.parse(
          text: text, file: "ConfigMap", environment: environment, scope: scope)
      }
    }
  }

  @Test func scalingFollowsTheGroupAndTheTopic() throws {
    let configuration = try Deployment.kubernetesConfiguration()
    let scaled = try Deployment.kubernetes("ScaledObject", "hookferry-consumer")
    let trigger = try #require(scaled["spec"]?["triggers"]?.array().first)
    #expect(trigger["type"]?.string == "kafka")
    let metadata = trigger["metadata"]
    #expect(metadata?["bootstrapServers"]?.string == configuration.kafka.bootstrapServers)
    #expect(metadata?["consumerGroup"]?.string == configuration.consumer.groupId)
    #expect(metadata?["topic"]?.string == configuration.kafka.eventsTopic)
    #expect(scaled["spec"]?["scaleTargetRef"]?["name"]?.string == "hookferry-consumer")

    let job = try #require(try Deployment.kubernetes("Job", "hookferry-topics").container)
    let partitions = CommandSurface.value(of: "--partitions", in: job["args"]?.texts ?? [])
    let most = try #require(scaled["spec"]?["maxReplicaCount"]?.int)
    #expect(most <= Int(partitions ?? "") ?? 0)

    let scaler = try Deployment.kubernetes("HorizontalPodAutoscaler", "hookferry-receiver")
    #expect(scaler["spec"]?["scaleTargetRef"]?["name"]?.string == "hookferry-receiver")
    let budget = try Deployment.kubernetes("PodDisruptionBudget", "hookferry-receiver")
    let least = try #require(scaler["spec"]?["minReplicas"]?.int)
    #expect((budget["spec"]?["minAvailable"]?.int ?? 0) < least)
    for name in ["hookferry-receiver", "hookferry-consumer"] {
      #expect(try Deployment.kubernetes("Deployment", name)["spec"]?["replicas"] == nil)
    }
  }

  @Test func theDatabaseIsOnTheVolume() throws {
    let configuration = try Deployment.kubernetesConfiguration()
    guard case .sqlite(let path) = configuration.sinks["warehouse"]?.kind else { return }
    let consumer = try Deployment.kubernetes("Deployment", "hookferry-consumer")
    let mount = consumer.container?["volumeMounts"]?.array()
      .first { $0["name"]?.string == "data" }
    #expect(path.hasPrefix((mount?["mountPath"]?.string ?? "-") + "/"))
    let volumes = consumer["spec"]?["template"]?["spec"]?["volumes"]?.array() ?? []
    let claims = volumes.compactMap { $0["persistentVolumeClaim"]?["claimName"]?.string }
    #expect(claims == ["hookferry-data"])
    _ = try Deployment.kubernetes("PersistentVolumeClaim", "hookferry-data")
  }
}
