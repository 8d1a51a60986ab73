// Why the consumer could not start or had to stop.

/// What happened and what to do, for the log and for the exit code.
package struct ConsumerError: Error, Sendable, CustomStringConvertible {
  package let message: String
  package let remedy: String

  package var description: String { "\(message); \(remedy)" }
}
