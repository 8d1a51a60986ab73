// How the command line speaks: tables and colour on a terminal, plain lines elsewhere.
import Glibc
import Telemetry

/// Standard output and error, and what they can show.
struct Terminal: Sendable {
  let isInteractive: Bool
  let hasColour: Bool

  /// Colour needs a terminal and no NO_COLOR (no-color.org).
  static let current: Terminal = {
    let isInteractive = isatty(STDOUT_FILENO) == 1
    let isRefused = getenv("NO_COLOR").map { $0.pointee != 0 } ?? false
    return Terminal(isInteractive: isInteractive, hasColour: isInteractive && !isRefused)
  }()

  enum Colour: String, Sendable {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case dim = "2"
    case bold = "1"
  }

  func paint(_ text: String, _ colour: Colour) -> String {
    hasColour ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }

  /// Writes one line to standard output.
  func line(_ text: String = "") { WholeText.write(text + "\n", to: STDOUT_FILENO) }

  /// Replaces the lines written by the last `redraw`; a terminal only.
  func redraw(_ lines: [String], over count: Int) {
    let up = count > 0 ? "\u{1B}[\(count)A" : ""
    WholeText.write(
      up + lines.map { "\u{1B}[2K\($0)\n" }.joined(), to: STDOUT_FILENO)
  }

  /// Writes one line to standard error.
  static func complain(_ text: String) { StandardError.write(text + "\n") }
}
