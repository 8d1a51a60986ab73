// Did it work? The database against the sandbox, record by record, and the log of writes.

/// A record as either side has it.
struct DemoRecord: Sendable, Equatable {
  var properties: [String: String]
  var updatedAtMs: Int64
  var isDeleted: Bool
}

/// What the comparison found; a demo is a success only when every list is empty.
struct DemoVerdict: Sendable, Equatable {
  /// Record keys, each with what differs.
  private(set) var mismatches: [String] = []
  /// States of a record that were written more than once.
  var appliedTwice: [String]
  /// Accepted events that neither the database nor the dead-letter topic knows.
  var lost: Int

  init(appliedTwice: [String] = [], lost: Int = 0) {
    self.appliedTwice = appliedTwice
    self.lost = lost
  }

  var isSuccess: Bool { mismatches.isEmpty && appliedTwice.isEmpty && lost == 0 }

  /// Compares both sides. A record that was deleted at its source may be missing downstream.
  mutating func compare(source: [String: DemoRecord], sink: [String: DemoRecord]) {
    for (key, wanted) in source.sorted(by: { $0.key < $1.key }) {
      switch sink[key] {
      case nil where wanted.isDeleted: break
      case nil: mismatches.append("\(key): missing in the database")
      case let found? where wanted.isDeleted && found.isDeleted: break
      case let found? where wanted.isDeleted != found.isDeleted:
        mismatches.append("\(key): deleted \(wanted.isDeleted) there, \(found.isDeleted) here")
      case let found? where found != wanted:
        mismatches.append("\(key): the sandbox has \(wanted), the database \(found)")
      case _?: break
      }
    }
    for (key, found) in sink.sorted(by: { $0.key < $1.key })
    where source[key] == nil && !found.isDeleted {
      mismatches.append("\(key): in the database only")
    }
  }
}
