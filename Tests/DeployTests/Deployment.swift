// The files of deploy/ as trees, and the configuration each set of them carries.

import Foundation
import Settings
import Yams

enum Deployment {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// Every document of a file.
  static func documents(_ path: String) throws -> [Node] {
    Array(try Yams.compose_all(yaml: try text(path)))
  }

  static let kubernetesFiles = [
    "config", "secret.example", "topics", "receiver", "consumer", "consumer-scaling",
  ].map { "deploy/kubernetes/\($0).yaml" }

  static func kubernetes() throws -> [Node] { try kubernetesFiles.flatMap(documents) }

  static func kubernetes(_ kind: String, _ name: String) throws -> Node {
    let found = try kubernetes().first {
      $0["kind"]?.string == kind && $0["metadata"]?["name"]?.string == name
    }
    guard let found else { throw Missing(what: "\(kind) \(name)") }
    return found
  }

  static func compose() throws -> Node {
    guard let compose = try documents("docker-compose.yml").first else {
      throw Missing(what: "docker-compose.yml")
    }
    return compose
  }

  static func service(_ name: String) throws -> Node {
    guard let service = try compose()["services"]?[name] else { throw Missing(what: name) }
    return service
  }

  static func composeConfiguration() throws -> Configuration {
    let path = "deploy/hookferry.compose.yaml"
    return try Configuration.parse(text: text(path), file: path, environment: secrets)
  }

  static func kubernetesConfiguration() throws -> Configuration {
    let map = try kubernetes("ConfigMap", "hookferry")
    guard let text = map["data"]?["hookferry.yaml"]?.string else {
      throw Missing(what: "hookferry.yaml in the ConfigMap")
    }
    return try Configuration.parse(text: text, file: "ConfigMap", environment: secrets)
  }

  struct Missing: Error { var what: String }

  static let secrets = ["HUBSPOT_CLIENT_SECRET": "a", "HUBSPOT_TOKEN": "b"]
}

extension Node {
  /// The texts of a list; empty for anything else.
  var texts: [String] { (array() as [Node]).compactMap(\.string) }

  var names: [String] { mapping?.keys.compactMap(\.string) ?? [] }

  /// The only container of a Deployment or Job.
  var container: Node? {
    let containers = self["spec"]?["template"]?["spec"]?["containers"]?.array() ?? []
    return containers.count == 1 ? containers[0] : nil
  }

  func port(named name: String) -> Int? {
    self["ports"]?.array().first { $0["name"]?.string == name }?["containerPort"]?.int
  }
}
