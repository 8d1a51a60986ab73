// The Dockerfile builds what Package.swift has, and the checker of commands checks.

import Foundation
import Testing

@Suite struct ImageTests {
  @Test func theImageHasTheThreeProgramsAndIsNotRoot() throws {
    let text = try Deployment.text("deploy/Dockerfile")
    #expect(
      text.contains("scripts/build-release.sh hookferry hookferry-receiver hookferry-consumer)"))
    #expect(text.contains("cp hookferry hookferry-receiver hookferry-consumer /out/"))
    let last = try #require(text.split(separator: "\nFROM ").last)
    #expect(last.contains("\nUSER 10001\n"))
    #expect(last.contains("COPY deploy/probe.sh /usr/local/bin/probe\n"))
    let probe = Deployment.root.appending(path: "deploy/probe.sh").path()
    #expect(FileManager.default.isExecutableFile(atPath: probe))
  }

  @Test func theImageHasALibraryForEachSystemModule() throws {
    let text = try Deployment.text("deploy/Dockerfile")
    let stages = text.components(separatedBy: "\nFROM ")
    let libraries = [
      ("librdkafka-dev", "librdkafka1"), ("libcurl4-openssl-dev", "libcurl4"),
      ("libssl-dev", "libssl3"), ("libsqlite3-dev", "libsqlite3-0"),
      ("libsimdjson-dev", "libsimdjson14"), ("libpq-dev", "libpq5"),
    ]
    let script = try Deployment.text("scripts/deps.sh")
    for (development, runtime) in libraries {
      #expect(stages.dropLast().last?.contains(development) == true, "\(development)")
      #expect(stages.last?.contains(" \(runtime)") == true, "\(runtime)")
      #expect(script.contains(development), "\(development)")
    }
  }

  @Test(arguments: [
    "hookferry-receiver --port 1", "hookferry-receiver --config", "hookferry topic create",
    "hookferry topics create --config --partitions 1", "kafka-topics --create",
    "hookferry sandbox --port x", "hookferry demo now",
  ])
  func wrongCommandsAreCaught(line: String) {
    let command = line.split(separator: " ").map(String.init)
    #expect(CommandSurface.complaint(about: command) != nil)
  }
}
