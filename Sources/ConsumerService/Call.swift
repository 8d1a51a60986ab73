// Calls to an API: what goes out together, and what is under way.
import HTTPClient
import Lanes
import Model

/// One call under way.
struct Call {
  let destination: Int
  let permit: Destination.Permit
  /// Without its authorization.
  let request: HTTPRequest
  let startedUs: Int64
  /// Who waits for it: one for a record asked for alone.
  let tickets: [LaneTable.Ticket]
  /// Nil for a record asked for alone.
  let ids: [String]?
  /// Of the token that it was sent with.
  var generation: UInt64 = 0
  /// It was sent again with another token.
  var isSecondTry = false
}

/// Records of one object that are asked for together, gathered within one round.
struct OpenBatch {
  /// Batches differ by whom they ask and for what.
  struct Name: Hashable {
    let destination: Int
    let object: String
  }

  let permit: Destination.Permit
  let plan: FetchPlan
  var tickets: [LaneTable.Ticket] = []
  var ids: [String] = []
}
