// What a program was asked to print, as against what it logs.

import Glibc

/// Whole texts to file descriptor 1.
package enum StandardOutput {
  /// Blocks while the reader is slow. When nobody reads any more the rest is dropped.
  package static func write(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
