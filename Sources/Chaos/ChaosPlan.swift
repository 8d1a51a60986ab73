// One scenario as a value: everything that will happen, drawn from its seed before it begins.

package import Sandbox

/// What happens when. Equal seeds and shapes make equal plans; what the programs make of one is up
/// to the machine's timing.
package struct ChaosPlan: Sendable, Equatable {
  /// What a plan may contain. The defaults are the short form's.
  package struct Shape: Sendable, Equatable {
    package var slots = 3
    package var changesMin = 1100
    package var changesMax = 2100
    /// From the first assignment to the end of the faults.
    package var lengthMs: Int64 = 6000
    /// How often a plan has replicas that lag behind.
    package var staleChance = 0.3
    /// How often a plan has access tokens that wear out under way.
    package var tokensChance = 0.5

    package init() {}
  }

  /// How the members are told to work.
  package struct Engine: Sendable, Equatable {
    package var handles = 1
    package var assignment = "range"
    package var isParking = true
    package var laneAttemptsMax = 5
    package var burstWaitMs = 250
    package var coalesceRecordsMax = 1000
    package var batchIdsMax = 100

    package init() {}

    var summary: String {
      "\(handles) handles, \(assignment), \(batchIdsMax) a call, "
        + (isParking ? "parking after \(laneAttemptsMax)" : "no parking")
    }
  }

  /// One message to the events topic. The same event can be sent several times.
  package struct PlannedEvent: Sendable, Equatable {
    package let id: String
    package let content: Content
  }

  package enum Content: Sendable, Equatable {
    /// Tells of the change with this index.
    case change(Int)
    /// Names a record that never was.
    case neverExisted(recordId: String)
    /// From a source that no pipeline takes.
    case foreign(recordId: String)
    /// Has no readable headers; its key is a record's.
    case undecodable(recordId: String)
    /// Reads well, and names no record.
    case keyless

    package var isPoison: Bool {
      switch self {
      case .undecodable, .keyless: true
      case .change, .neverExisted, .foreign: false
      }
    }
  }

  package enum MemberAction: String, Sendable {
    case join
    /// SIGTERM
    case leave
    /// SIGKILL
    case kill
    /// SIGSTOP, for longer than a session: what it was about to write comes when others have gone
    /// on with its partitions.
    case freeze
    case thaw
  }

  package enum Action: Sendable, Equatable {
    /// The change with this index is made at the API.
    case change(Int)
    /// The event with this index is produced.
    case emit(Int)
    case api(APIFault)
    case broker(BrokerFault)
    case member(slot: Int, MemberAction)
  }

  /// `atMs` counts from the group's first assignment; what is before 0 is the backlog, which lies
  /// in the topic when the first member starts.
  package struct Step: Sendable, Equatable {
    package let atMs: Int64
    package let action: Action
  }

  package let seed: UInt64
  package let shape: Shape
  /// The last one has the dead letters, the others everything else.
  package let brokers: Int32
  package let partitions: Int32
  package let recordCount: Int
  /// Modified times are whole seconds: changes share them.
  package let hasEqualTimestamps: Bool
  /// Some replicas of the API lag behind.
  package let hasStaleAnswers: Bool
  /// Requests that an access token is good for; 0 without tokens.
  package let tokenRequestsMax: Int
  /// Members that run from the start, the first slots.
  package let membersAtStart: Int
  package let engine: Engine
  package let changes: [SandboxChange]
  package let events: [PlannedEvent]
  /// In the order of time.
  package let steps: [Step]

  package init(seed: UInt64, shape: Shape = Shape()) {
    var draw = PlanDraw(seed: seed, shape: shape)
    draw.drawEvents()
    draw.drawAPIFaults()
    draw.drawBrokerFaults()
    draw.drawMembers()
    self.seed = seed
    self.shape = shape
    brokers = draw.brokers
    partitions = draw.partitions
    recordCount = draw.recordCount
    hasEqualTimestamps = draw.hasEqualTimestamps
    tokenRequestsMax = draw.tokenRequestsMax
    hasStaleAnswers = draw.hasStaleAnswers
    membersAtStart = draw.membersAtStart
    engine = draw.engine
    changes = draw.changes
    events = draw.events
    steps = draw.sortedSteps
  }

  /// One line: sizes, then the faults and actions in their order.
  package var summary: String {
    var happenings: [String] = []
    var sent = 0
    for step in steps {
      switch step.action {
      case .change: continue
      case .emit: sent += 1
      case .api(let fault): happenings.append("\(step.atMs) \(fault.name)")
      case .broker(let fault): happenings.append("\(step.atMs) \(fault.name)")
      case .member(let slot, let action):
        happenings.append("\(step.atMs) \(action.rawValue) \(slot)")
      }
    }
    let poison = events.count { $0.content.isPoison }
    return "\(recordCount) records, \(changes.count) changes, \(events.count) events sent \(sent)"
      + " times, \(poison) poison, \(partitions) partitions, \(brokers) brokers, "
      + "\(membersAtStart) members, \(engine.summary)"
      + (hasEqualTimestamps ? ", equal timestamps" : "")
      + (tokenRequestsMax > 0 ? ", tokens for \(tokenRequestsMax) requests" : "")
      + ": " + happenings.joined(separator: "; ")
  }
}
