// HTTP/2 over TLS against nginx: many transfers share few connections.

import Foundation
import Glibc
import HTTPClient
import Testing

@Suite struct HTTP2Tests {
  @Test func manyTransfersShareFewConnections() throws {
    let server = try NginxServer()
    defer { server.stop() }
    for (prefersHTTP2, expected) in [(true, 1...4), (false, 30...60)] {
      let loop = try TransferLoop(
        HTTPLimits(prefersHTTP2: prefersHTTP2, caFile: server.certificate))
      for ticket in 0..<60 as Range<UInt64> {
        try loop.start(HTTPRequest(url: server.url("/?n=\(ticket)")), ticket: ticket)
      }
      var connections: Set<String> = []
      for completion in drive(loop, 60).values {
        let response = try completion.result.get()
        #expect(response.status == 200)
        #expect(response.headers["X-Protocol"] == (prefersHTTP2 ? "HTTP/2.0" : "HTTP/1.1"))
        #expect(response.body == Array("served".utf8))
        connections.insert(response.headers["X-Connection"] ?? "")
      }
      #expect(expected.contains(connections.count), "\(connections.count) connections")
      loop.close()
    }
  }

  @Test func oneStreamThatFailsLeavesTheOthersAlone() throws {
    let server = try NginxServer()
    defer { server.stop() }
    let loop = try TransferLoop(HTTPLimits(caFile: server.certificate))
    _ = try send(loop, HTTPRequest(url: server.url("/"))).get()
    for ticket in 0..<10 as Range<UInt64> {
      try loop.start(
        HTTPRequest(url: server.url("/"), responseBytesMax: ticket % 2 == 0 ? 3 : 100),
        ticket: ticket)
    }
    loop.cancel(ticket: 1)
    for (ticket, completion) in drive(loop, 10) {
      if ticket == 1 {
        #expect(errorCode(completion.result) == .cancelled)
      } else if ticket % 2 == 0 {
        #expect(errorCode(completion.result) == .responseTooLarge)
      } else {
        #expect(try completion.result.get().status == 200)
      }
    }
  }
}

/// nginx with HTTP/2 and a certificate for localhost, in a folder of its own.
private struct NginxServer {
  let certificate: String
  private let port: UInt16
  private let folder: URL
  private let process: Process

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "hookferry-nginx-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    certificate = folder.path + "/cert.pem"
    let generator = Self.program([
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
      "subjectAltName=DNS:localhost", "-keyout", folder.path + "/key.pem", "-out", certificate,
    ])
    try generator.run()
    generator.waitUntilExit()
    // A port that was free a moment ago.
    let probe = LoopbackServer { _ in .silence }
    port = probe.port
    probe.stop()
    let text = """
      daemon off; worker_processes 1; master_process off; error_log stderr crit;
      pid \(folder.path)/pid;
      events { worker_connections 512; }
      http {
        access_log off;
        client_body_temp_path \(folder.path)/body; proxy_temp_path \(folder.path)/proxy;
        fastcgi_temp_path \(folder.path)/fastcgi; uwsgi_temp_path \(folder.path)/uwsgi;
        scgi_temp_path \(folder.path)/scgi;
        server {
          listen 127.0.0.1:\(port) ssl http2;
          ssl_certificate \(certificate); ssl_certificate_key \(folder.path)/key.pem;
          location / {
            add_header X-Protocol $server_protocol; add_header X-Connection $connection;
            return 200 'served';
          }
        }
      }
      """
    let file = folder.path + "/nginx.conf"
    try text.write(toFile: file, atomically: true, encoding: .utf8)
    process = Self.program(["nginx", "-c", file, "-e", folder.path + "/error.log"])
    try process.run()
    try waitUntilItServes()
  }

  func url(_ path: String) -> String { "https://localhost:\(port)\(path)" }

  func stop() {
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    try? FileManager.default.removeItem(at: folder)
  }

  private func waitUntilItServes() throws {
    let loop = try TransferLoop(HTTPLimits(caFile: certificate))
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
      if case .success = try send(loop, HTTPRequest(url: url("/"), totalTimeoutMs: 1000)) { return }
      LoopbackServer.delay(ms: 20)
    }
    Issue.record("nginx does not serve")
  }

  private static func program(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    var environment = ProcessInfo.processInfo.environment
    // Daemons live there on Debian, and not on everybody's PATH.
    environment["PATH"] = (environment["PATH"] ?? "/usr/bin") + ":/usr/sbin"
    process.environment = environment
    process.standardError = FileHandle.nullDevice
    return process
  }
}
