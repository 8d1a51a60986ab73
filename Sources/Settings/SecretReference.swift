// Where a secret is kept, and how it is fetched from there.

import FoundationEssentials

/// `env:NAME`, `file:PATH` or `text:VALUE`.
enum SecretReference: Sendable {
  case env(String)
  case file(String)
  case text(String)

  /// Why there is no secret; says what to do and never the value.
  struct Complaint: Error {
    var message: String
  }

  /// Nil for text of any other form.
  init?(_ text: String) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    switch parts[0] {
    case "env": self = .env(String(parts[1]))
    case "file": self = .file(String(parts[1]))
    case "text": self = .text(String(parts[1]))
    default: return nil
    }
  }

  /// May be shown.
  var shown: String {
    switch self {
    case .env(let name): "env:\(name)"
    case .file(let path): "file:\(path)"
    case .text: "<redacted>"
    }
  }

  /// An empty secret is none: it would make a signature that anybody can forge.
  func lookUp(in environment: [String: String]) -> Result<Secret, Complaint> {
    switch self {
    case .env(let name):
      guard let value = environment[name], !value.isEmpty else {
        let state = environment[name] == nil ? "not set" : "empty"
        return .failure(
          Complaint(
            message: "the variable \(name) is \(state): set \(name) or give the secret as "
              + "file:PATH"))
      }
      return .success(Secret(value, reference: shown))
    case .file(let path):
      let text: String
      do { text = try TextFile.read(path: path) } catch {
        return .failure(
          Complaint(message: "\(error.message): put the secret there or give it as env:NAME"))
      }
      let value = text.trimmingTrailingNewlines
      guard !value.isEmpty else {
        return .failure(Complaint(message: "the file \(path) is empty: put the secret there"))
      }
      return .success(Secret(value, reference: shown))
    case .text(let value):
      guard !value.isEmpty else {
        return .failure(Complaint(message: "the secret after text: is empty"))
      }
      return .success(Secret(value))
    }
  }
}

extension String {
  fileprivate var trimmingTrailingNewlines: String {
    var end = unicodeScalars.endIndex
    while end > unicodeScalars.startIndex {
      let before = unicodeScalars.index(before: end)
      guard unicodeScalars[before] == "\n" || unicodeScalars[before] == "\r" else { break }
      end = before
    }
    return String(unicodeScalars[..<end])
  }
}

extension Secret {
  /// What is at `env:NAME`, `file:PATH` or `text:VALUE`; nil for other words, and when nothing is
  /// there. Blocks on a file.
  package static func at(
    _ reference: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Secret? {
    guard let reference = SecretReference(reference) else { return nil }
    return try? reference.lookUp(in: environment).get()
  }
}
