// What the programs can be called with, as far as files in deploy/ call them. A change of the
// command line is written down here too.

/// A program, or a program and its subcommand.
struct CommandSurface {
  var words: [String]
  var flags: Set<String>

  static let all: [CommandSurface] = [
    CommandSurface(words: ["hookferry-receiver"], flags: ["--config"]),
    CommandSurface(words: ["hookferry-consumer"], flags: ["--config"]),
    CommandSurface(
      words: ["hookferry", "topics", "create"],
      flags: ["--config", "--partitions", "--replication"]),
    CommandSurface(words: ["hookferry", "sandbox"], flags: ["--port"]),
    CommandSurface(words: ["hookferry", "demo"], flags: []),
    CommandSurface(words: ["hookferry", "check"], flags: ["--config"]),
    CommandSurface(words: ["hookferry", "lag"], flags: ["--config"]),
    CommandSurface(words: ["hookferry", "replay", "reset"], flags: ["--config"]),
    CommandSurface(words: ["hookferry", "broker"], flags: []),
    CommandSurface(words: ["hookferry", "send"], flags: ["--config"]),
    CommandSurface(words: ["hookferry"], flags: ["--help"]),
  ]

  /// Nil when the command line fits; else what does not. Every flag is followed by one value.
  static func complaint(about command: [String]) -> String? {
    let line = command.joined(separator: " ")
    guard let surface = all.first(where: { command.starts(with: $0.words) }) else {
      return "unknown command: \(line)"
    }
    var rest = command.dropFirst(surface.words.count)
    while let flag = rest.popFirst() {
      guard surface.flags.contains(flag) else { return "unknown \(flag) in: \(line)" }
      if flag == "--help" { continue }
      guard let value = rest.popFirst(), !value.hasPrefix("-") else {
        return "\(flag) without a value in: \(line)"
      }
    }
    return nil
  }

  static func value(of flag: String, in command: [String]) -> String? {
    guard let index = command.firstIndex(of: flag), index + 1 < command.count else { return nil }
    return command[index + 1]
  }
}
