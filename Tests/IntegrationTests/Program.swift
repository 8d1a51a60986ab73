// One of our programs as a process of its own, watched through the lines it prints.
import Foundation
import Synchronization
import Testing

/// A running program. Every line of its standard output and error comes through `lines`; a test
/// awaits the line it needs and bounds itself by its time limit.
final class Program: Sendable {
  let lines: AsyncStream<String>
  let processId: Int32
  private let exit: AsyncStream<Int32>
  private let seen: Mutex<[String]>
  private let ending = Ending()

  /// Whether the process was seen to end.
  private final class Ending: Sendable {
    let isSeen = Mutex(false)
  }

  /// Where the test bundle lies, there lie the programs: both come from one build.
  static var directory: URL {
    URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
  }

  init(_ name: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    let process = Process()
    process.executableURL = Self.directory.appending(path: name)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let (lines, lineSink) = AsyncStream.makeStream(of: String.self)
    let (exit, exitSink) = AsyncStream.makeStream(of: Int32.self)
    self.lines = lines
    self.exit = exit
    seen = Mutex([])
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    process.terminationHandler = { [ending] in
      ending.isSeen.withLock { $0 = true }
      exitSink.yield($0.terminationReason == .exit ? $0.terminationStatus : -$0.terminationStatus)
      exitSink.finish()
    }
    try process.run()
    processId = process.processIdentifier
    let reader = pipe.fileHandleForReading
    Thread { [self] in
      var rest: [UInt8] = []
      // Not read(upToCount:): that one waits for the whole count.
      while case let data = reader.availableData, !data.isEmpty {
        rest += data
        while let end = rest.firstIndex(of: 10) {
          let line = String(decoding: rest[..<end], as: UTF8.self)
          rest.removeFirst(end + 1)
          seen.withLock { $0.append(line) }
          lineSink.yield(line)
        }
      }
      lineSink.finish()
    }.start()
  }

  /// Everything printed so far, for a failing test's report.
  var printed: [String] { seen.withLock { $0 } }

  /// Awaits the last line: its end is heard of before all that it printed was read.
  func finishReading() async { for await _ in lines {} }

  /// Awaits the first line that `match` accepts; nil when the program ends without it.
  func line(where match: (String) -> Bool) async -> String? {
    for await line in lines where match(line) { return line }
    return nil
  }

  func line(containing text: String) async throws -> String {
    try #require(
      await line { $0.contains(text) },
      "the program ended without \"\(text)\":\n\(printed.suffix(30).joined(separator: "\n"))")
  }

  /// Nothing once its end was seen: the number may be another process's by then.
  func send(_ signal: Int32) {
    ending.isSeen.withLock { isSeen in
      if !isSeen { kill(processId, signal) }
    }
  }

  /// The exit status; negative for the signal that ended it.
  func exitStatus() async -> Int32 {
    for await status in exit { return status }
    return .min
  }

  /// Ends it at once, if it still runs.
  func end() async {
    send(SIGKILL)
    _ = await exitStatus()
  }
}
