// Small text files, with the system's own words when one cannot be read.

import Glibc

enum TextFile {
  /// Configuration and secrets are small; anything longer is the wrong file.
  static let bytesMax = 4 << 20

  struct ReadError: Error {
    var message: String
  }

  /// The whole file as UTF-8. Blocks; meant for the time before a program serves anybody.
  static func read(path: String) throws(ReadError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= bytesMax {
      let count = Glibc.read(descriptor, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failure(path) }
      guard count > 0 else {
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw ReadError(message: "\(path) is not UTF-8 text")
        }
        return text
      }
      bytes.append(contentsOf: chunk[..<count])
    }
    throw ReadError(message: "\(path) is longer than \(bytesMax) bytes")
  }

  private static func failure(_ path: String) -> ReadError {
    ReadError(message: "cannot read \(path): \(String(cString: strerror(errno)))")
  }
}
