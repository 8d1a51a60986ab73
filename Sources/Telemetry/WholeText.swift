// Whole texts to a file descriptor: what programs print, log and tell on a terminal ends here.

import Glibc

package enum WholeText {
  /// Blocks while the reader is slow. What cannot be written, since nobody reads any more, is
  /// dropped. Not locked: callers that share a descriptor take turns.
  package static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
