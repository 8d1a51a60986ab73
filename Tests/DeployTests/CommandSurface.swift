// Are the command lines in deploy/ ones that the programs take? The programs themselves are asked.

import ArgumentParser
import Foundation
import OperatorCLI

enum CommandSurface {
  /// Nil when the program would take this command line; else what it says against it.
  static func complaint(about command: [String]) -> String? {
    switch command.first {
    case "hookferry":
      do {
        _ = try Hookferry.parseAsRoot(Array(command.dropFirst()))
        return nil
      } catch {
        return Hookferry.message(for: error)
      }
    case "hookferry-receiver"?, "hookferry-consumer"?:
      return serviceComplaint(about: command)
    default:
      return "not a program of ours: \(command.joined(separator: " "))"
    }
  }

  static func value(of flag: String, in command: [String]) -> String? {
    guard let index = command.firstIndex(of: flag), index + 1 < command.count else { return nil }
    return command[index + 1]
  }

  /// The services' own help names their options; those that files in deploy/ use take a value.
  private static func serviceComplaint(about command: [String]) -> String? {
    guard let help = try? help(of: command[0]) else { return "\(command[0]) gives no help" }
    var rest = command.dropFirst()
    while let flag = rest.popFirst() {
      guard flag.hasPrefix("--"), help.contains("\(flag) <") else {
        return "\(command[0]) does not know \(flag)"
      }
      guard let value = rest.popFirst(), !value.hasPrefix("-") else {
        return "\(flag) has no value"
      }
    }
    return nil
  }

  /// The programs lie where the test bundle lies: both come from one build.
  private static func help(of name: String) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
      .deletingLastPathComponent().appending(path: name)
    process.arguments = ["--help"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
