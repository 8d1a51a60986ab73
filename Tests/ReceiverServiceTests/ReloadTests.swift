// A new configuration under a running receiver.

import Foundation
import Glibc
import Model
import Testing

@testable import ReceiverService

/// One after the other: SIGHUP reaches the whole process.
@Suite(.timeLimit(.minutes(1)), .serialized) struct ReloadTests {
  let publisher = FakePublisher()

  static func status(
    _ harness: Harness, _ source: String, secret: String = "s3cret"
  ) async throws -> Int {
    try await EdgeTests.ask(harness, Edge.request([1], to: source, secret: secret)).status
  }

  /// Waits until so many reloads ended in this way.
  static func wait(_ harness: Harness, _ result: String, _ count: Int) async throws {
    let line = "hookferry_receiver_reloads_total{result=\"\(result)\"} \(count)\n"
    let answer = try await harness.admin("/metrics") { $0.body.contains(line) }
    try #require(answer.body.contains(line))
  }

  /// Put in place at once, so that nobody reads half of it.
  static func write(
    _ file: String, _ lines: [String] = [], sources: [String], text: String? = nil
  ) throws {
    try (text ?? Harness.yaml(["reload_poll_ms: 20"] + lines, [], sources))
      .write(toFile: file, atomically: true, encoding: .utf8)
  }

  @Test func sourcesSecretsAndLimits() async throws {
    try await Edge.withDirectory { directory in
      let file = directory + "/hookferry.yaml"
      let log = LogMemory()
      let before = Edge.source("one") + Edge.source("two")
      try await Harness.with(
        publisher: publisher, ["reload_poll_ms: 20"], sources: before, file: file,
        logger: log.logger
      ) { harness in
        let kept = try await harness.connect()
        try await kept.send(Edge.request([1], to: "two"))
        #expect(try await kept.answer().status == 200)
        let after = Edge.source("one", "allowed_networks: [10.0.0.0/8]") + Edge.source("three")
        try Self.write(
          file, ["body_bytes_max: 2000", "message_timeout_ms: 3900", "linger_ms: 2"], sources: after
        )
        try await Self.wait(harness, "applied", 1)
        #expect(try await Self.status(harness, "one") == 403)
        #expect(try await Self.status(harness, "two") == 404)
        #expect(try await Self.status(harness, "three") == 200)
        // A connection from before meets them too.
        let long = [UInt8](repeating: 0x61, count: 2001)
        try await kept.send(Edge.request(long, to: "own"))
        #expect(try await kept.answer().status == 413)
        let fixed = log.lines(with: "needs a restart")
        #expect(fixed.count == 2)
        #expect(fixed.contains { $0.contains("setting=receiver.message_timeout_ms") })
        #expect(fixed.contains { $0.contains("setting=receiver.linger_ms") })
      }
    }
  }

  /// Every problem is named, and what was in force stays.
  @Test func badFilesAreRefused() async throws {
    try await Edge.withDirectory { directory in
      let file = directory + "/hookferry.yaml"
      let log = LogMemory()
      try await Harness.with(
        publisher: publisher, ["reload_poll_ms: 20"], sources: Edge.source("one"), file: file,
        logger: log.logger
      ) { harness in
        try Self.write(file, sources: [], text: "kafka: [")
        try await Self.wait(harness, "refused", 1)
        try Self.write(
          file, ["body_bytes_max: many", "tls: { certificate: /no/a, private_key: /no/b }"],
          sources: Edge.source("two", "allowed_networks: [10.0.0.1/8]"))
        try await Self.wait(harness, "refused", 2)
        let named = log.lines(with: "reload refused")
        #expect(named.contains { $0.contains("receiver.body_bytes_max") })
        #expect(named.contains { $0.contains("did you mean 10.0.0.0/8") })
        try Self.write(
          file, ["tls: { certificate: /no/a, private_key: /no/b }", "request_deadline_ms: 60000"],
          sources: Edge.source("two"))
        try await Self.wait(harness, "refused", 3)
        let more = log.lines(with: "reload refused")
        #expect(more.contains { $0.contains("receiver.tls.certificate: cannot read /no/a") })
        #expect(more.contains { $0.contains("request_deadline_ms is 60000") })
        try FileManager.default.removeItem(atPath: file)
        try await Self.wait(harness, "refused", 4)
        #expect(try await Self.status(harness, "one") == 200)
        #expect(try await Self.status(harness, "two") == 404)
        try Self.write(file, sources: Edge.source("two"))
        try await Self.wait(harness, "applied", 1)
        #expect(try await Self.status(harness, "two") == 200)
      }
    }
  }

  /// A ConfigMap's files are links to links; the last one is swapped. The secret's file is another.
  @Test func linksAndSecretsInFiles() async throws {
    try await Edge.withDirectory { directory in
      let manager = FileManager.default
      for (version, secret) in [("v1", "secret-one"), ("v2", "secret-two")] {
        try manager.createDirectory(
          atPath: "\(directory)/\(version)", withIntermediateDirectories: true)
        try "\(secret)\n".write(
          toFile: "\(directory)/\(version)/secret", atomically: true, encoding: .utf8)
      }
      try manager.createSymbolicLink(atPath: "\(directory)/data", withDestinationPath: "v1")
      try manager.createSymbolicLink(
        atPath: "\(directory)/secret", withDestinationPath: "data/secret")
      var sources = Edge.source("one")
      sources[2] = "  secrets: [\"file:\(directory)/secret\"]"
      try await Harness.with(
        publisher: publisher, ["reload_poll_ms: 20"], sources: sources,
        file: directory + "/hookferry.yaml"
      ) { harness in
        #expect(try await Self.status(harness, "one", secret: "secret-one") == 200)
        try manager.createSymbolicLink(atPath: "\(directory)/data2", withDestinationPath: "v2")
        #expect(rename("\(directory)/data2", "\(directory)/data") == 0)
        try await Self.wait(harness, "applied", 1)
        #expect(try await Self.status(harness, "one", secret: "secret-one") == 401)
        #expect(try await Self.status(harness, "one", secret: "secret-two") == 200)
      }
    }
  }

  /// What began with the old sources ends with them, even if its source is gone.
  @Test func requestsUnderWayFinish() async throws {
    publisher.holdReports()
    try await Edge.withDirectory { directory in
      let file = directory + "/hookferry.yaml"
      try await Harness.with(
        publisher: publisher, ["reload_poll_ms: 20"], sources: Edge.source("one"), file: file
      ) { harness in
        let waiting = try await harness.connect()
        try await waiting.send(Edge.request([1], to: "one"))
        let taken = await publisher.next(1)
        let reading = try await harness.connect()
        let request = try Edge.request([1, 2, 3], to: "one")
        try await reading.send(Array(request.dropLast()))
        // The loop has read that when it has answered this.
        #expect(try await Self.status(harness, "nope") == 404)
        try Self.write(file, sources: Edge.source("two"))
        try await Self.wait(harness, "applied", 1)
        #expect(try await Self.status(harness, "one") == 404)
        try await reading.send(Array(request.suffix(1)))
        publisher.report(taken + (await publisher.next(1)))
        #expect(try await waiting.answer().status == 200)
        #expect(try await reading.answer().status == 200)
      }
    }
  }

  @Test func hangup() async throws {
    try await Edge.withDirectory { directory in
      let file = directory + "/hookferry.yaml"
      try await Harness.with(
        publisher: publisher, ["reload_poll_ms: 0"], sources: Edge.source("one"), file: file
      ) { harness in
        // Nobody looks at the file afterwards either: the signal is the only cause there can be.
        try Self.write(
          file, sources: [], text: Harness.yaml(["reload_poll_ms: 0"], [], Edge.source("two")))
        kill(getpid(), SIGHUP)
        try await Self.wait(harness, "applied", 1)
        #expect(try await Self.status(harness, "two") == 200)
        #expect(try await Self.status(harness, "one") == 404)
      }
    }
  }

  /// What openssl says of the certificate that it was shown.
  static func subject(_ harness: Harness, _ files: CertificateFiles) async throws -> String {
    let said = try await Edge.run(
      "openssl",
      [
        "s_client", "-connect", "127.0.0.1:\(harness.ports.webhooks)", "-CAfile",
        files.authority, "-verify_return_error",
      ])
    let line = said.output.split(separator: "\n").first { $0.contains("subject=") }
    return line.map(String.init) ?? said.output
  }

  /// New connections get the new certificate; a key that is not its own changes nothing.
  @Test func certificates() async throws {
    try await CertificateFiles.with { files in
      try await files.make("second", subject: "/CN=server two", by: "ca")
      try await files.make("third", subject: "/CN=server three", by: "ca")
      let log = LogMemory()
      try await Harness.with(
        publisher: publisher, files.lines + ["reload_poll_ms: 20"],
        file: files.directory + "/hookferry.yaml", logger: log.logger
      ) { harness in
        #expect(try await Self.subject(harness, files) == "subject=CN = server one")
        // Half of a change: the key is not the certificate's.
        try files.replace("server.key", with: "second.key")
        try await Self.wait(harness, "refused", 1)
        #expect(!log.lines(with: "do not belong together: put").isEmpty)
        #expect(try await Self.subject(harness, files) == "subject=CN = server one")
        try files.replace("server.pem", with: "second.pem")
        try await Self.wait(harness, "applied", 1)
        #expect(try await Self.subject(harness, files) == "subject=CN = server two")
        try "garbage".write(
          toFile: files.directory + "/server.pem", atomically: true, encoding: .utf8)
        try await Self.wait(harness, "refused", 2)
        #expect(try await Self.subject(harness, files) == "subject=CN = server two")
        #expect(try await TLSTests.post(harness, files) == "200")
      }
    }
  }
}
