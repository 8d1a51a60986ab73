// A PostgreSQL server of the tests' own: a fresh data folder, a loopback port, no trace left.

import Glibc
import Synchronization

/// Why there is no server, with what to do.
package struct PostgresClusterError: Error, Sendable, CustomStringConvertible {
  package let description: String
}

/// One cluster. Ended by `close`, and by the end of this process too, however that comes; its
/// folder goes with it. As root it runs as the user `postgres`, since PostgreSQL refuses root.
package final class PostgresCluster: Sendable {
  /// The superuser of the cluster; everybody on loopback is let in without a password, but for
  /// users in the group `with_password`.
  package static let user = "hookferry"
  package let port: UInt16
  private let binaries: String
  private let folder: String
  private let guardian = Mutex<Guardian?>(nil)

  /// Returns once the server takes connections.
  package init(timeoutMs: Int32 = 30_000) throws(PostgresClusterError) {
    guard let binaries = Self.findBinaries() else {
      throw PostgresClusterError(
        description: "no PostgreSQL server: run make deps, or set HOOKFERRY_TEST_POSTGRES to the "
          + "folder of its programs")
    }
    self.binaries = binaries
    port = try Self.freePort()
    var template = Array("/tmp/hookferry-postgres-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else {
      throw PostgresClusterError(description: "no temporary folder: errno \(errno)")
    }
    folder = String(cString: made)
    let initialised = try Guardian(
      Self.initScript, [binaries, folder, Self.user] + Self.runAs)
    guard initialised.waitForEnd(timeoutMs: timeoutMs) == 0 else {
      throw PostgresClusterError(
        description: "initdb failed:\n\(Self.text(of: "\(folder)/initdb.log"))")
    }
    try start(timeoutMs: timeoutMs)
  }

  deinit { close() }

  /// A connection string for one schema, which is what each test has of its own.
  package func dsn(schema: String, user: String = PostgresCluster.user) -> String {
    "host=127.0.0.1 port=\(port) user=\(user) dbname=postgres "
      + "options='-csearch_path=\(schema)'"
  }

  /// Starts the server after a `stop`.
  package func start(timeoutMs: Int32 = 30_000) throws(PostgresClusterError) {
    let started = try Guardian(Self.serverScript, [binaries, folder, "\(port)"] + Self.runAs)
    guardian.withLock { $0 = started }
    let stepMs: Int32 = 10
    for _ in 0..<(timeoutMs / stepMs) {
      // Line 8 of the file: the server's own word for how far it is.
      let lines = Self.text(of: "\(folder)/data/postmaster.pid").split(
        separator: "\n", omittingEmptySubsequences: false)
      if lines.count > 7, lines[7].hasPrefix("ready") { return }
      if started.hasEnded { break }
      usleep(UInt32(stepMs) * 1000)
    }
    throw PostgresClusterError(
      description: "the server did not start:\n\(Self.text(of: "\(folder)/server.log"))")
  }

  /// Ends the server at once, as a crash would; the data stay.
  package func stop() {
    guardian.withLock { running in
      running?.end(word: "keep", timeoutMs: 20_000)
      running = nil
    }
  }

  /// Ends the server and removes its folder. A second call does nothing.
  package func close() {
    guardian.withLock { running in
      // Without a server there is nobody else to remove the folder.
      let last = running ?? (try? Guardian("rm -rf \"$0\"", [folder]))
      last?.end(word: nil, timeoutMs: 20_000)
      running = nil
    }
  }

  /// `HOOKFERRY_TEST_POSTGRES`, or the newest that Debian has installed.
  package static func findBinaries() -> String? {
    if let path = getenv("HOOKFERRY_TEST_POSTGRES").map({ String(cString: $0) }), !path.isEmpty {
      return path
    }
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("/usr/lib/postgresql/*/bin", 0, nil, &found) == 0, found.gl_pathc > 0,
      let path = found.gl_pathv[Int(found.gl_pathc) - 1]
    else { return nil }
    return String(cString: path)
  }

  /// Programs and their arguments that turn root into somebody whom PostgreSQL accepts.
  private static var runAs: [String] {
    geteuid() != 0
      ? [] : ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]
  }

  private static let initScript = """
    binaries=$0 folder=$1 user=$2; shift 2
    cd /
    [ $# = 0 ] || chown postgres "$folder"
    exec "$@" "$binaries/initdb" --no-sync --auth=trust --username="$user" --encoding=UTF8 \
      --locale=C.UTF-8 --pgdata="$folder/data" >"$folder/initdb.log" 2>&1 </dev/null 3<&-
    """

  /// Kills the server when descriptor 3 ends; its folder goes unless the last word was `keep`.
  private static let serverScript = """
    binaries=$0 folder=$1 port=$2; shift 2
    cd /
    printf '%s\\n' 'host all +with_password 127.0.0.1/32 scram-sha-256' \
      'host all all 127.0.0.1/32 trust' >"$folder/data/pg_hba.conf"
    "$@" "$binaries/postgres" -D "$folder/data" -p "$port" -c listen_addresses=127.0.0.1 \
      -c unix_socket_directories= -c fsync=off -c full_page_writes=off -c shared_buffers=32MB \
      -c max_connections=40 -c log_min_messages=fatal \
      >"$folder/server.log" 2>&1 </dev/null 3<&- &
    server=$!
    { read -r word; [ "$word" != keep ] || : >"$folder/keep"; kill -QUIT "$server"; } <&3 &
    exec 3<&-
    wait "$server"
    if [ -e "$folder/keep" ]; then rm "$folder/keep"; else rm -rf "$folder"; fi
    """

  private static func text(of path: String) -> String {
    guard let file = fopen(path, "re") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// A port nobody listened on a moment ago.
  private static func freePort() throws(PostgresClusterError) -> UInt16 {
    let descriptor = socket(
      AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    defer { Glibc.close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
      }
    }
    guard isBound else {
      throw PostgresClusterError(description: "no free loopback port: errno \(errno)")
    }
    return UInt16(bigEndian: address.sin_port)
  }
}
