// Where a running receiver finds its configuration again, and how it sees that it changed.

import FoundationEssentials
import Glibc
import Settings

/// A configuration that can be read anew.
package struct ConfigurationSource: Sendable {
  /// Blocks on files.
  let load: @Sendable () -> Result<Configuration, ConfigurationError>
  /// The file itself; the files it refers to are found in what was read.
  let path: String

  /// hookferry.yaml as the receiver reads it.
  package static func file(
    _ path: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> ConfigurationSource {
    ConfigurationSource(
      load: {
        Result { () throws(ConfigurationError) in
          try Configuration.load(path: path, environment: environment, scope: .receiver)
        }
      }, path: path)
  }

  /// The file, the TLS files and the files with secrets, without repetition.
  func files(_ configuration: Configuration) -> [String] {
    var files: Set<String> = [path]
    if let tls = configuration.receiver.edge.tls {
      files.formUnion([tls.certificate, tls.privateKey])
      if let authorities = tls.clientCA { files.insert(authorities) }
    }
    let secrets = configuration.sources.values.flatMap(\.secrets)
    for reference in secrets.compactMap(\.reference) where reference.hasPrefix("file:") {
      files.insert(String(reference.dropFirst("file:".count)))
    }
    return files.sorted()
  }
}

/// What tells one version of some files from another without reading them. Links are followed, so
/// a link that is put on another file is a change.
struct FileStamps: Sendable, Equatable {
  private struct Stamp: Sendable, Equatable {
    var device: UInt
    var inode: UInt
    var bytes: Int
    var seconds: Int
    var nanoseconds: Int
  }

  /// Nil for a file that is not there.
  private var stamps: [String: Stamp?] = [:]

  init(_ paths: [String]) {
    for path in paths {
      var status = stat()
      guard stat(path, &status) == 0 else {
        stamps[path] = .some(nil)
        continue
      }
      stamps[path] = Stamp(
        device: status.st_dev, inode: status.st_ino, bytes: status.st_size,
        seconds: status.st_mtim.tv_sec, nanoseconds: status.st_mtim.tv_nsec)
    }
  }
}
