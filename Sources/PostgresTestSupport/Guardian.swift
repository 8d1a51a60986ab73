// A shell that ends its work when we end.

import Glibc

/// `/bin/sh -c script arguments...` with a descriptor 3 that comes to an end when we close it, or
/// when the kernel does since we died.
final class Guardian: Sendable {
  private let pid: pid_t
  private let lifeline: Int32

  init(_ script: String, _ arguments: [String]) throws(PostgresClusterError) {
    var ends: [Int32] = [-1, -1]
    // Close-on-exec from the start: no other child may hold our end open.
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw PostgresClusterError(description: "no lifeline: errno \(errno)")
    }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 3)
    // In a group of its own: what ends the tests, a key or a time-out, must not end it first.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Threads of a pool block signals, and a shell that never hears of SIGCHLD waits for ever.
    var mask = sigset_t()
    sigemptyset(&mask)
    posix_spawnattr_setsigmask(&attributes, &mask)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
    var copies = (["/bin/sh", "-c", script] + arguments).map { strdup($0) } + [nil]
    defer { for copy in copies { free(copy) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &copies, environ)
    Glibc.close(ends[0])
    guard result == 0 else {
      Glibc.close(ends[1])
      throw PostgresClusterError(description: "/bin/sh does not start: errno \(result)")
    }
    self.pid = pid
    lifeline = ends[1]
  }

  /// True once the shell is gone; it is not reaped by this.
  var hasEnded: Bool {
    var info = siginfo_t()
    return waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0
      && info.si_signo == SIGCHLD
  }

  /// Lets go of the lifeline, after a last word, and waits.
  func end(word: String?, timeoutMs: Int32) {
    let line = Array((word.map { "\($0)\n" } ?? "").utf8)
    if !line.isEmpty { _ = send(lifeline, line, line.count, Int32(MSG_NOSIGNAL)) }
    _ = shutdown(lifeline, Int32(SHUT_WR))
    _ = waitForEnd(timeoutMs: timeoutMs)
  }

  /// The exit status; nil when it had to be killed. To be called once.
  func waitForEnd(timeoutMs: Int32) -> Int32? {
    defer { Glibc.close(lifeline) }
    var status: Int32 = 0
    let stepMs: Int32 = 5
    for _ in 0..<(timeoutMs / stepMs) {
      if waitpid(pid, &status, WNOHANG) != 0 { return status }
      usleep(UInt32(stepMs) * 1000)
    }
    kill(pid, SIGKILL)
    _ = waitpid(pid, &status, 0)
    return nil
  }
}
