// Open files: every connection is one, and the usual soft limit of 1024 is far too low.

import Glibc

/// The process's own limit of open files.
enum FileLimit {
  /// For listeners, the brokers, probes, event loops, the spool and reload.
  static let reserve = 256

  /// Raises the soft limit to the hard one and returns what holds then; nil when it cannot be told.
  /// Changes the whole process.
  static func raise() -> Int? {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
    if limit.rlim_cur < limit.rlim_max {
      var raised = limit
      raised.rlim_cur = limit.rlim_max
      if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
    }
    return Int(clamping: limit.rlim_cur)
  }

  /// What is wrong with so many connections under this limit, and the remedy; nil: nothing.
  static func problem(connectionsMax: Int, files: Int?) -> String? {
    guard let files, connectionsMax + reserve > files else { return nil }
    return
      "receiver.connections_max is \(connectionsMax), but this process may have only \(files) open"
      + " files, \(reserve) of which it needs itself: raise the limit (ulimit -n, LimitNOFILE) or"
      + " lower connections_max"
  }
}
