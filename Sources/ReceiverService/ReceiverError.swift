// Why the receiver could not start or did not end well.

/// What happened and what to do, for the log and the exit code.
package struct ReceiverError: Error, Sendable, CustomStringConvertible {
  package let message: String
  package let remedy: String

  package var description: String { "\(message); \(remedy)" }
}
