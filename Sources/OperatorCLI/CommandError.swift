// A command's failure, as a person reads it.

/// What happened and what to do; printed by ArgumentParser as `Error: …`.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ message: String, remedy: String) { description = "\(message); \(remedy)" }
}
