// What the tests of the network edge share: signed requests of raw bytes, compression, and a log
// that remembers.

import CZlib
import Foundation
import Logging
import Signatures
import Synchronization
import Testing

/// Requests to sources that are signed with `X-Sig`, HMAC-SHA256 of the body in hexadecimal.
enum Edge {
  /// A source of that kind, as lines of `sources:`.
  static func source(_ name: String, _ settings: String...) -> [String] {
    [
      "\(name):", "  provider: hmac", #"  secrets: ["text:s3cret"]"#,
      #"  signature: { header: X-Sig, signed: "{body}" }"#,
    ] + settings.map { "  " + $0 }
  }

  static func signature(_ body: [UInt8], secret: String = "s3cret") throws -> String {
    let scheme = Scheme(name: "hmac", header: "X-Sig")
    let headers = try Signer(scheme, secret: secret).headers(target: "/", body: body, nowMs: 0)
    return try #require(headers.first { $0.0 == "X-Sig" }).1
  }

  /// `signed` nil: the body itself.
  static func request(
    _ body: [UInt8], to source: String, signed: [UInt8]? = nil, secret: String = "s3cret",
    headers: [(String, String)] = []
  ) throws -> [UInt8] {
    let lines = headers.map { "\($0): \($1)\r\n" }.joined()
    let head =
      "POST /hooks/\(source) HTTP/1.1\r\nHost: hooks.example.com\r\n\(lines)"
      + "X-Sig: \(try signature(signed ?? body, secret: secret))\r\n"
      + "Content-Length: \(body.count)\r\n\r\n"
    return Array(head.utf8) + body
  }

  /// gzip's format, or with `window` 15 zlib's.
  static func gzip(_ bytes: [UInt8], window: Int32 = 31) -> [UInt8] {
    var stream = z_stream()
    var output = [UInt8](repeating: 0, count: bytes.count + 1024)
    let count = output.withUnsafeMutableBufferPointer { output in
      bytes.withUnsafeBufferPointer { bytes in
        deflateInit2_(
          &stream, 9, Z_DEFLATED, window, 8, 0, ZLIB_VERSION,
          Int32(MemoryLayout<z_stream>.size))
        defer { deflateEnd(&stream) }
        stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        stream.avail_in = UInt32(bytes.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(output.count)
        #expect(deflate(&stream, Z_FINISH) == Z_STREAM_END)
        return Int(stream.total_out)
      }
    }
    return Array(output.prefix(count))
  }

  /// A directory of its own for the length of the closure.
  static func withDirectory(_ body: (String) async throws -> Void) async throws {
    let path = NSTemporaryDirectory() + "hookferry-edge-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: path) }
    try await body(path)
  }

  /// Runs a program to its end; what it wrote, and its exit code.
  @discardableResult
  static func run(
    _ program: String, _ arguments: [String]
  ) async throws -> (code: Int32, output: String) {
    try await offPool {
      let process = Process()
      process.executableURL = URL(filePath: "/usr/bin/env")
      process.arguments = ["timeout", "20", program] + arguments
      let pipe = Pipe()
      process.standardOutput = pipe
      process.standardError = pipe
      process.standardInput = FileHandle.nullDevice
      try process.run()
      let data = pipe.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
  }
}

/// Lines with their fields, in the order written.
final class LogMemory: Sendable {
  private let lines = Mutex<[String]>([])

  var logger: Logger { Logger(label: "test") { _ in Handler(memory: self) } }

  func lines(with text: String) -> [String] {
    lines.withLock { $0 }.filter { $0.contains(text) }
  }

  private struct Handler: LogHandler {
    let memory: LogMemory
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
      memory.lines.withLock {
        $0.append(([event.level.rawValue, "\(event.message)"] + fields).joined(separator: " "))
      }
    }
  }
}
