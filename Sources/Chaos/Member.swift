// One consumer as a process of its own; its output goes straight into a file.

import FoundationEssentials
import Glibc
import Synchronization

/// A running `hookferry-consumer`. Any task; signals to one that has ended go nowhere.
package final class Member: Sendable {
  package let logPath: String
  package let processId: Int32
  private let status = Mutex<Int32?>(nil)

  private static let stepMs = 10
  /// Descriptors that may be open here; closing others does no harm.
  private static let descriptorsMax: Int32 = 1024

  /// Where our programs lie: beside the running one.
  package static var programs: String {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let path = String(
      decoding: buffer[..<max(count, 0)].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  }

  /// `environment` is added to this process's own.
  init(
    program: String, arguments: [String], environment: [String: String], logPath: String
  ) throws(ChaosError) {
    self.logPath = logPath
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // The brokers' sockets are open here: a child that held them would keep dead brokers alive.
    for descriptor in 3..<Self.descriptorsMax {
      posix_spawn_file_actions_addclose(&actions, descriptor)
    }
    let own = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    var argumentCopies = ([program] + arguments).map { strdup($0) } + [nil]
    var environmentCopies = own.map { strdup("\($0)=\($1)") } + [nil]
    defer { for copy in argumentCopies + environmentCopies { free(copy) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, nil, &argumentCopies, &environmentCopies)
    guard code == 0 else {
      throw ChaosError(
        "\(program) does not start: error \(code)",
        remedy: "build it first: the programs must lie beside this one")
    }
    processId = pid
  }

  package func send(_ signal: Int32) {
    status.withLock { status in
      if status == nil { kill(processId, signal) }
    }
  }

  /// True until its end has been seen.
  package var isRunning: Bool { poll() == nil }

  /// The exit status, negative for the signal that ended it; nil when it still runs after this.
  package func exitStatus(withinMs: Int) async -> Int32? {
    for _ in 0..<max(1, withinMs / Self.stepMs) {
      if let status = poll() { return status }
      try? await Task.sleep(for: .milliseconds(Self.stepMs))
    }
    return poll()
  }

  /// Ends it at once, if it still runs.
  package func end() async {
    send(SIGKILL)
    _ = await exitStatus(withinMs: 5000)
  }

  /// How many lines of its log contain this text.
  package func lines(containing text: String) -> [String] {
    let bytes = (try? Data(contentsOf: URL(filePath: logPath))) ?? Data()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .filter { $0.contains(text) }.map(String.init)
  }

  private func poll() -> Int32? {
    status.withLock { status in
      if let status { return status }
      var raw: Int32 = 0
      guard waitpid(processId, &raw, WNOHANG) == processId else { return nil }
      let signal = raw & 0x7F
      status = signal == 0 ? (raw >> 8) & 0xFF : -signal
      return status
    }
  }
}
