// What the database refused, and what to do about it.

package import Model

/// A failed call of the store. The text has the operation and SQLite's own words, never a payload.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  package let code: Code
  package let description: String

  /// The kinds of error, closed: fit for a metric's label.
  package enum Code: String, Sendable, CaseIterable {
    /// Another connection held the lock for longer than the busy time-out.
    case busy
    case diskFull = "disk_full"
    case io
    case readOnly = "read_only"
    case cannotOpen = "cannot_open"
    /// The file is damaged, or no SQLite database.
    case corrupt
    /// Written by a newer version of this program.
    case newerSchema = "newer_schema"
    /// A value is larger than the database takes.
    case tooLarge = "too_large"
    case closed
    case bug
  }

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  /// The metric label; one of `Code`.
  package var label: String { code.rawValue }

  package var failureClass: FailureClass {
    switch code {
    // The sink's state, not the record's: it can be mended while the record waits.
    case .busy, .diskFull, .io, .closed, .readOnly, .cannotOpen, .corrupt, .newerSchema: .transient
    case .tooLarge: .permanent
    case .bug: .bug
    }
  }

  /// True when the same call may succeed later.
  package var isRetriable: Bool { failureClass.isRetriable }

  /// What a person can do about it.
  package var remedy: String {
    switch code {
    case .busy: "find who holds the database for so long, or raise the busy time-out"
    case .diskFull: "free space on the database's disk"
    case .io: "look after the disk; the system log names the fault"
    case .readOnly: "give this user write access to the database file and its folder"
    case .cannotOpen: "check the path, that its folder exists, and its permissions"
    case .corrupt: "restore the database from a backup, or move it away and replay"
    case .newerSchema: "run the version of hookferry that wrote it, or a newer one"
    case .tooLarge: "fetch fewer properties of this record"
    case .closed: "nothing: the store was closed on purpose"
    case .bug: "report it with the program's version"
    }
  }

  /// The same as a pipeline's failure.
  package var failure: Failure { Failure(failureClass, .write, description) }
}
