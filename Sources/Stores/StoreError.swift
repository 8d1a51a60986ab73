// What the database refused, and what to do about it.

package import Model

/// A failed call of the store. The text has the operation and the database's own words, never a
/// payload or a password.
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
    /// No connection to the server, or it was lost.
    case unreachable
    /// The server refuses the user, the password, or what was asked.
    case denied
    case unknownDatabase = "unknown_database"
    /// The connection string cannot be read.
    case badAddress = "bad_address"
    /// Other writers were in the way each time.
    case conflict
    /// A text that the database cannot hold.
    case invalidText = "invalid_text"
    /// A constraint or trigger that somebody added refused the row.
    case rejected
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
    case .busy, .diskFull, .io, .closed, .readOnly, .cannotOpen, .corrupt, .newerSchema,
      .unreachable, .unknownDatabase, .badAddress, .conflict:
      .transient
    case .denied: .auth
    case .tooLarge, .invalidText, .rejected: .permanent
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
    case .unreachable: "check that the server runs and can be reached from here"
    case .denied: "check the user, its password, and that it may write to the schema"
    case .unknownDatabase: "create the database, or name another one"
    case .badAddress:
      "write it as postgres://user:password@host:5432/database, with / : @ in the password as "
        + "%2F %3A %40"
    case .conflict: "write with fewer processes, or find who else locks these rows"
    case .invalidText: "mend the record's id or tenant at its source"
    case .rejected: "look at the constraints and triggers that were added to the tables"
    case .closed: "nothing: the store was closed on purpose"
    case .bug: "report it with the program's version"
    }
  }

  /// The same as a pipeline's failure.
  package var failure: Failure { Failure(failureClass, .write, description) }
}
