// TLS in process, spoken to by curl and openssl with certificates made for the occasion.

import Foundation
import Settings
import Testing

@testable import ReceiverService

/// Certificates in a directory. EC keys: they take no time to make.
struct CertificateFiles: Sendable {
  let directory: String

  var authority: String { directory + "/ca.pem" }
  var lines: [String] { lines("server") }

  func lines(_ name: String, _ more: String = "") -> [String] {
    ["tls: { certificate: \(directory)/\(name).pem, private_key: \(directory)/\(name).key\(more) }"]
  }

  /// Self-signed, or signed by `by`.
  func make(_ name: String, subject: String, by authority: String? = nil, days: Int = 1)
    async throws
  {
    var arguments = [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
      subject, "-days", "\(days)", "-keyout", "\(directory)/\(name).key", "-out",
      "\(directory)/\(name).pem",
    ]
    if let authority {
      arguments += [
        "-CA", "\(directory)/\(authority).pem", "-CAkey", "\(directory)/\(authority).key",
        "-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
      ]
    }
    let made = try await Edge.run("openssl", arguments)
    guard made.code == 0 else { throw Failed(description: made.output) }
  }

  static func with(_ body: (CertificateFiles) async throws -> Void) async throws {
    try await Edge.withDirectory { directory in
      let files = CertificateFiles(directory: directory)
      try await files.make("ca", subject: "/CN=test authority")
      try await files.make("server", subject: "/CN=server one", by: "ca")
      try await body(files)
    }
  }

  /// What makes curl show a certificate.
  func shown(_ name: String) -> [String] {
    ["--cert", "\(directory)/\(name).pem", "--key", "\(directory)/\(name).key"]
  }

  /// Puts one file in the place of another at once, as deployments do.
  func replace(_ name: String, with other: String) throws {
    let data = try Data(contentsOf: URL(filePath: "\(directory)/\(other)"))
    try data.write(to: URL(filePath: "\(directory)/\(name)"), options: .atomic)
  }
}

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
  let publisher = FakePublisher()

  /// The status that curl got, or `curl N` with its exit code.
  static func post(
    _ harness: Harness, _ files: CertificateFiles, _ more: [String] = [], signed: Bool = true,
    scheme: String = "https"
  ) async throws -> String {
    let body = "hello"
    let signature = signed ? try Edge.signature(Array(body.utf8)) : "00"
    let result = try await Edge.run(
      "curl",
      [
        "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--cacert",
        files.authority, "--header", "X-Sig: \(signature)", "--data-binary", body, "--output",
        "/dev/null", "--write-out", "%{http_code}",
      ] + more + ["\(scheme)://127.0.0.1:\(harness.ports.webhooks)/hooks/own"])
    return result.code == 0 ? String(result.output.suffix(3)) : "curl \(result.code)"
  }

  @Test func versionsOfTLS() async throws {
    try await CertificateFiles.with { files in
      try await Harness.with(publisher: publisher, files.lines) { harness in
        #expect(try await Self.post(harness, files) == "200")
        #expect(try await Self.post(harness, files, ["--tls-max", "1.2"]) == "200")
        // 35: the handshake failed.
        let old = ["--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT:@SECLEVEL=0"]
        #expect(try await Self.post(harness, files, old) == "curl 35")
        #expect(try await Self.post(harness, files, scheme: "http") != "200")
        #expect(publisher.published.map(\.value) == ["hello", "hello"])
        // The admin port stays plain.
        let metrics = try await harness.metrics {
          $0.contains("hookferry_receiver_tls_handshakes_failed_total 2\n")
        }
        let expiry = metrics.split(separator: "\n").first {
          $0.hasPrefix("hookferry_receiver_tls_certificate_expiry_timestamp_seconds ")
        }
        let seconds = expiry?.split(separator: " ").last.flatMap { Double($0) } ?? 0
        #expect(abs(seconds - Date().timeIntervalSince1970 - 86_400) < 600)
      }
      let newer = files.lines("server", ", minimum_version: \"1.3\"")
      try await Harness.with(publisher: publisher, newer) { harness in
        let version12 = try await Self.post(harness, files, ["--tls-max", "1.2"])
        #expect(version12 == "curl 35")
        #expect(try await Self.post(harness, files) == "200")
      }
    }
  }

  /// Two of our requests over one connection, a refusal that ends it, a body of a megabyte.
  @Test func connectionsGoOnAndEnd() async throws {
    try await CertificateFiles.with { files in
      let big = files.directory + "/big"
      try Data(repeating: 0x61, count: 1 << 20).write(to: URL(filePath: big))
      try await Harness.with(publisher: publisher, files.lines) { harness in
        let url = "https://127.0.0.1:\(harness.ports.webhooks)/hooks/own"
        let signature = try Edge.signature([UInt8](repeating: 0x61, count: 1 << 20))
        let result = try await Edge.run(
          "curl",
          [
            "--silent", "--show-error", "--noproxy", "*", "--max-time", "10", "--cacert",
            files.authority, "--header", "X-Sig: \(signature)", "--header", "Expect:",
            "--data-binary", "@\(big)", "--write-out", "%{http_code},%{num_connects} ", url, url,
            url + "2", "--next", "--cacert", files.authority, "--data-binary", "x", "--noproxy",
            "*", "--silent", "--write-out", "%{http_code},%{num_connects} ", url,
          ])
        #expect(result.code == 0)
        let codes = result.output.replacing("no such source\n", with: "")
          .replacing("signature refused\n", with: "").split(separator: " ")
        #expect(codes == ["200,1", "200,0", "404,0", "401,1"], "\(result.output)")
        #expect(publisher.published.map(\.value.utf8.count) == [1 << 20, 1 << 20])
        let closed = try await harness.admin("/metrics") {
          $0.body.contains("hookferry_receiver_connections 0\n")
        }
        #expect(closed.body.contains("hookferry_receiver_connections 0\n"))
      }
    }
  }

  @Test func clientCertificates() async throws {
    try await CertificateFiles.with { files in
      try await files.make("client", subject: "/O=Example, Inc./CN=crm", by: "ca")
      try await files.make("strangers", subject: "/CN=strangers")
      try await files.make("stranger", subject: "/O=Example, Inc./CN=crm", by: "strangers")
      let lines = files.lines("server", ", client_ca: \(files.authority)")
      let log = LogMemory()
      try await Harness.with(publisher: publisher, lines, logger: log.logger) { harness in
        let version12 = ["--tls-max", "1.2"]
        for more in [[], version12] {
          let good = try await Self.post(harness, files, files.shown("client") + more)
          #expect(good == "200")
          let nobody = try await Self.post(harness, files, more)
          #expect(nobody.hasPrefix("curl "))
          let stranger = try await Self.post(harness, files, files.shown("stranger") + more)
          #expect(stranger.hasPrefix("curl "))
        }
        #expect(publisher.published.count == 2)
        // Who it was reaches the one who decides on a request.
        let unsigned = try await Self.post(
          harness, files, files.shown("client"), signed: false)
        #expect(unsigned == "401")
        // A resumed session shows no certificate again; it is known all the same.
        for more in [[], version12] {
          let url = "https://127.0.0.1:\(harness.ports.webhooks)/hooks/own"
          let twice = try await Self.post(
            harness, files,
            files.shown("client") + more + [
              "--header", "Connection: close", "-o", "/dev/null", url,
            ],
            signed: false)
          #expect(twice == "401")
        }
        let refused = log.lines(with: "reason=signature_")
        #expect(refused.count == 5)
        #expect(refused.allSatisfy { $0.contains(#"subject=CN=crm,O=Example\, Inc."#) })
      }
    }
  }

  /// A handshake that never ends, ends.
  @Test func slowHandshakes() async throws {
    try await CertificateFiles.with { files in
      let lines = files.lines + ["header_timeout_ms: 300", "idle_timeout_ms: 60000"]
      try await Harness.with(publisher: publisher, lines) { harness in
        let silent = try await harness.connect()
        #expect(try await silent.ends())
        let slow = try await harness.connect()
        try await slow.send([0x16, 0x03, 0x01, 0x02, 0x00])
        #expect(try await slow.ends())
      }
    }
  }

  static func problems(
    certificate: String, key: String, authority: String
  ) -> [String] {
    do throws(ReceiverError) {
      _ = try TLSIdentity.load(
        TLSSettings(
          certificate: certificate, privateKey: key, clientCA: authority, minimumVersion: "1.2"))
      return []
    } catch {
      return error.problems
    }
  }

  @Test func filesThatDoNotServe() async throws {
    try await CertificateFiles.with { files in
      try await files.make("other", subject: "/CN=other", by: "ca")
      let (certificate, key) = ("\(files.directory)/server.pem", "\(files.directory)/server.key")
      let authority = files.authority
      let none = Self.problems(certificate: certificate, key: key, authority: authority)
      #expect(none == [])
      let mismatch = Self.problems(
        certificate: certificate, key: "\(files.directory)/other.key", authority: authority)
      #expect(mismatch.count == 1)
      #expect(mismatch[0].contains("other.key do not belong together"))
      let all = Self.problems(certificate: "/nonexistent", key: authority, authority: key)
      #expect(all.count == 3)
      #expect(all[0].hasPrefix("receiver.tls.certificate: cannot read /nonexistent: No such"))
      #expect(all[1].contains("is not a PEM private key"))
      #expect(all[2].contains("holds no PEM certificate"))
    }
  }
}
