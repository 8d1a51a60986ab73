// One owned partition: its ledger, its lanes' index, and what may be started of it.

/// What a partition holds.
package enum PartitionRole: Sendable, Equatable {
  /// Events as they came. `retry`: the partition that takes the records which cannot be done now,
  /// nil where there is none.
  case events(retry: Int?)
  /// Records that were parked, of this partition of events.
  case retry(of: Int)
}

/// Not optional where it is kept: to look into an optional one would copy it.
struct PartitionState: Sendable {
  /// False for a number whose partition is somebody else's.
  let isOwned: Bool
  let role: PartitionRole
  var ledger: Ledger
  var lanes = LaneIndex()
  /// Keys whose later records follow into the retry partition.
  var parked = ParkedKeys()
  /// Nothing is started any more: the partition is about to be given back.
  var isFenced = false
  /// Nothing is started yet.
  var isOnHold = false
  /// Nothing above the highest completed offset is started: the completed map is nearly full.
  var isNarrow = false
  var held = LaneQueue()
  /// Attempts, burials and parkings under way.
  var inFlight = 0
  /// Records received and not done.
  var records = 0
  /// The frontier given out last, so that an unchanged one is not committed again.
  var committed: Int64?
  /// Something was completed since.
  var hasNews = false

  init(role: PartitionRole, ledger: Ledger) {
    isOwned = true
    self.role = role
    self.ledger = ledger
  }

  /// Somebody else's.
  init() {
    isOwned = false
    role = .events(retry: nil)
    ledger = Ledger(spanMax: 64)
  }

  func mayStart(_ offset: Int64) -> Bool {
    guard !isOnHold else { return false }
    guard isNarrow, let highest = ledger.highestCompleted else { return true }
    return offset < highest
  }
}

/// What to commit of one partition.
package struct FrontierCommit: Sendable, Equatable {
  package let offset: Int64
  /// The completed offsets above it, as text for the commit's metadata.
  package let metadata: String?
}
