// Where a demo's files are; gone after a good one unless they are to be kept.
import FoundationEssentials
import Glibc
import Telemetry

struct DemoDirectory {
  let path: String
  private let isKept: Bool

  init(keep: String?) throws {
    isKept = keep != nil
    path =
      keep
      ?? FileManager.default.temporaryDirectory.appending(path: "hookferry-demo-\(getpid())").path
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: nil)
    let database = path + "/hookferry.db"
    guard !FileManager.default.fileExists(atPath: database) else {
      throw CommandError(
        "\(database) is there already: an old result would spoil the comparison",
        remedy: "give --keep another directory")
    }
  }

  /// Appends whole lines to the log file; both services write through it.
  func logWriter() throws -> @Sendable (String) -> Void {
    let logPath = path + "/hookferry.log"
    let descriptor = open(logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CommandError("cannot write \(logPath)", remedy: "give --keep a writable directory")
    }
    return { WholeText.write($0, to: descriptor) }
  }

  func remove() {
    if !isKept { try? FileManager.default.removeItem(atPath: path) }
  }
}
