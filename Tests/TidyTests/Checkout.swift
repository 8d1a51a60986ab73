// The files that the rules are held against.

import Foundation

enum Checkout {
  static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path()

  private static let skipped = [".git", ".build", ".venv", "tmp", "Package.resolved"]
  private static let skippedSuffixes = [".db", ".db-shm", ".db-wal"]

  /// Every path that could be committed, without what builds and tools leave behind.
  static func paths() -> [String] {
    let enumerator = FileManager.default.enumerator(atPath: root)
    var paths: [String] = []
    while let path = enumerator?.nextObject() as? String {
      let first = path.split(separator: "/").first.map(String.init) ?? path
      if skipped.contains(first) || first.hasPrefix(".build-") {
        enumerator?.skipDescendants()
      } else if !skippedSuffixes.contains(where: { path.hasSuffix($0) }) {
        var isDirectory: ObjCBool = false
        let exists = FileManager.default.fileExists(
          atPath: root + "/" + path, isDirectory: &isDirectory)
        if exists, !isDirectory.boolValue { paths.append(path) }
      }
    }
    return paths.sorted()
  }

  /// Every file that is text.
  static let files: [SourceFile] = paths().compactMap { path in
    guard let data = FileManager.default.contents(atPath: root + "/" + path),
      let text = String(data: data, encoding: .utf8)
    else { return nil }
    return SourceFile(path: path, text: text)
  }
}
