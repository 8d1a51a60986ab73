// Lines for people and scripts.

internal import Glibc

enum BenchmarkOutput {
  static func line(_ text: String) {
    _ = (text + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) }
  }

  /// With two decimals.
  static func decimal(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
  }
}

/// What went wrong, in words.
package struct BenchmarkError: Error, CustomStringConvertible {
  package let description: String
}
