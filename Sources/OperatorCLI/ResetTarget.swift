// Where committed offsets are to be set, and what that means for each partition.

/// What the operator asked for.
enum ResetTarget: Sendable, Equatable {
  case earliest
  case latest
  case offset(Int64)
  /// Milliseconds since the Unix epoch: the first record at or after it.
  case time(Int64)
}

/// One partition before and after a reset.
struct ResetRow: Sendable, Equatable, Encodable {
  let partition: Int32
  /// Nil: the group has none committed here.
  let before: Int64?
  let after: Int64
  let earliest: Int64
  let latest: Int64

  /// Records that will be read from here: the replay, and what had not been read anyway.
  var ahead: Int64 { latest - after }
}

/// What is known of a partition when a reset is planned.
struct PartitionFacts: Sendable {
  let partition: Int32
  let committed: Int64?
  let earliest: Int64
  let latest: Int64
  /// The first offset at or after the asked time; nil when no record is that young.
  let offsetForTime: Int64?
}

extension ResetTarget {
  /// Where one partition's committed offset goes; kept within what the partition holds.
  func row(_ facts: PartitionFacts) -> ResetRow {
    let wanted: Int64
    switch self {
    case .earliest: wanted = facts.earliest
    case .latest: wanted = facts.latest
    case .offset(let offset): wanted = offset
    case .time: wanted = facts.offsetForTime ?? facts.latest
    }
    return ResetRow(
      partition: facts.partition, before: facts.committed,
      after: min(max(wanted, facts.earliest), facts.latest), earliest: facts.earliest,
      latest: facts.latest)
  }
}
