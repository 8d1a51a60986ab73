// Why a scenario could not be carried out, as opposed to having failed.

/// A fault of the machine or of the set-up.
package struct ChaosError: Error, Sendable, CustomStringConvertible {
  package let description: String
  /// What a person can do about it.
  package let remedy: String

  init(_ description: String, remedy: String) {
    self.description = description
    self.remedy = remedy
  }
}
