// Certificates are verified; openssl's own test server stands on the other side.

import Foundation
import Glibc
import HTTPClient
import Testing

@Suite struct TLSTests {
  @Test func untrustedCertificatesAreRefusedAndATrustedOneIsTaken() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "hookferry-tls-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let (key, certificate) = (folder.path + "/key.pem", folder.path + "/cert.pem")
    let generator = openssl([
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
      "-days", "2", "-subj", "/CN=localhost", "-addext",
      "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
    ])
    generator.standardError = FileHandle.nullDevice
    try generator.run()
    generator.waitUntilExit()
    try #require(generator.terminationStatus == 0)

    let server = openssl([
      "s_server", "-accept", "127.0.0.1:0", "-key", key, "-cert", certificate, "-www",
    ])
    let output = Pipe()
    server.standardOutput = output
    server.standardError = FileHandle.nullDevice
    try server.run()
    // Not SIGTERM: the child inherits this thread's signal mask, in which that may be blocked.
    defer { kill(server.processIdentifier, SIGKILL) }
    let port = try #require(Self.acceptedPort(output))

    let url = "https://localhost:\(port)/"
    let strict = try TransferLoop()
    let refused = try send(strict, HTTPRequest(url: url))
    #expect(errorCode(refused) == .tls)
    let trusting = try TransferLoop(HTTPLimits(caFile: certificate))
    #expect(try send(trusting, HTTPRequest(url: url)).get().status == 200)
    // The certificate is for localhost, not for the address.
    let other = try send(trusting, HTTPRequest(url: "https://127.0.0.1:\(port)/"))
    #expect(errorCode(other) == .tls)
  }

  private func openssl(_ arguments: [String]) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["openssl"] + arguments
    return process
  }

  /// From the line `ACCEPT 127.0.0.1:PORT`.
  private static func acceptedPort(_ output: Pipe) -> Int? {
    var text = ""
    while !text.hasSuffix("\n") || !text.contains("ACCEPT ") {
      let data = output.fileHandleForReading.availableData
      if data.isEmpty { return nil }
      text += String(decoding: data, as: UTF8.self)
    }
    return text.split(separator: "\n").last.flatMap { $0.split(separator: ":").last }
      .flatMap { Int($0) }
  }
}
