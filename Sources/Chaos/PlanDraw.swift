// The dice behind a plan. The order of the draws is part of what a seed means.

import Kafka
import Model
import Sandbox

/// Collects a plan's parts. Pure.
struct PlanDraw {
  let shape: ChaosPlan.Shape
  let brokers: Int32
  let partitions: Int32
  let recordCount: Int
  let hasEqualTimestamps: Bool
  let hasStaleAnswers: Bool
  let tokenRequestsMax: Int
  let membersAtStart: Int
  let engine: ChaosPlan.Engine
  let changes: [SandboxChange]
  private(set) var events: [ChaosPlan.PlannedEvent] = []
  private var steps: [ChaosPlan.Step] = []
  private var random: SplitMix64

  /// Ids that no change of the script ever uses.
  private static let idsBeyond = 900_000

  init(seed: UInt64, shape: ChaosPlan.Shape) {
    self.shape = shape
    random = SplitMix64(seed: seed)
    brokers = Int32.random(in: 2...3, using: &random)
    partitions = Int32.random(in: 3...6, using: &random)
    recordCount = Int.random(in: 200...400, using: &random)
    // With stale answers too, nobody could say which of two states is the newer one.
    hasStaleAnswers = random.chance(shape.staleChance)
    hasEqualTimestamps = random.chance(0.25) && !hasStaleAnswers
    tokenRequestsMax =
      random.chance(shape.tokensChance) ? Int.random(in: 20...200, using: &random) : 0
    membersAtStart = Int.random(in: 1...max(1, shape.slots), using: &random)
    engine = Self.engine(&random)
    var script = ChangeScript.Options()
    script.seed = random.next()
    script.recordCount = recordCount
    script.changeCount = Int.random(in: shape.changesMin...shape.changesMax, using: &random)
    script.zipfExponent = Double.random(in: 0.6...1.3, using: &random)
    script.poisonCount = 0
    changes = Array(ChangeScript(script))
  }

  private static func engine(_ random: inout SplitMix64) -> ChaosPlan.Engine {
    var engine = ChaosPlan.Engine()
    engine.handles = random.chance(0.2) ? 2 : 1
    engine.assignment = random.chance(0.4) ? "cooperative-sticky" : "range"
    engine.isParking = random.chance(0.7)
    engine.laneAttemptsMax = Int.random(in: 1...6, using: &random)
    engine.burstWaitMs = random.chance(0.5) ? 0 : 250
    engine.coalesceRecordsMax = random.chance(0.25) ? 1 : 1000
    engine.batchIdsMax = random.chance(0.3) ? 1 : 100
    return engine
  }

  /// Steps of one time keep the order in which they were drawn.
  var sortedSteps: [ChaosPlan.Step] {
    steps.enumerated().sorted { ($0.element.atMs, $0.offset) < ($1.element.atMs, $1.offset) }
      .map(\.element)
  }

  private mutating func add(_ atMs: Int64, _ action: ChaosPlan.Action) {
    steps.append(ChaosPlan.Step(atMs: atMs, action: action))
  }

  // MARK: Events

  mutating func drawEvents() {
    let backlog = Double.random(in: 0.2...0.6, using: &random)
    for (index, change) in changes.enumerated() {
      let atMs = time(of: index, backlog: backlog)
      add(atMs, .change(index))
      send(.change(index), atMs: atMs)
      // A change of two properties makes two events of one version.
      if random.chance(0.1) { send(.change(index), atMs: atMs) }
      if random.chance(0.02) { drawOther(recordId: Self.id(of: change), atMs: atMs) }
    }
  }

  /// The backlog's times are negative and only an order.
  private func time(of index: Int, backlog: Double) -> Int64 {
    let share = Double(index) / Double(max(changes.count, 1))
    if share < backlog { return Int64(index) - Int64(changes.count) - 10_000 }
    return Int64((share - backlog) / (1 - backlog) * Double(shape.lengthMs) * 0.9)
  }

  private static func id(of change: SandboxChange) -> String {
    switch change {
    case .put(_, let id, _), .delete(_, let id): id
    case .poison: "1"
    }
  }

  private mutating func drawOther(recordId: String, atMs: Int64) {
    let beyond = String(Self.idsBeyond + events.count)
    switch Int.random(in: 0..<5, using: &random) {
    case 0: send(.neverExisted(recordId: beyond), atMs: atMs)
    case 1: send(.foreign(recordId: recordId), atMs: atMs)
    case 2: send(.undecodable(recordId: recordId), atMs: atMs)
    case 3: send(.keyless, atMs: atMs)
    default: send(.foreign(recordId: beyond), atMs: atMs)
    }
  }

  /// Sends an event, sometimes late, so that newer ones of its record overtake it, and sometimes
  /// again.
  private mutating func send(_ content: ChaosPlan.Content, atMs: Int64) {
    events.append(ChaosPlan.PlannedEvent(id: "e-\(events.count)", content: content))
    let index = events.count - 1
    let isLate = random.chance(0.06)
    add(atMs + (isLate ? Int64.random(in: 20...400, using: &random) : 0), .emit(index))
    // Twice in the log is two dead letters: right, and nothing to learn from.
    guard !content.isPoison, random.chance(0.08) else { return }
    add(atMs + Int64.random(in: 0...600, using: &random), .emit(index))
  }

  // MARK: Faults

  mutating func drawAPIFaults() {
    // From the first call on.
    add(-30_000, .api(latency(slowMax: 80)))
    for _ in 0..<Int.random(in: 3...5, using: &random) { drawAPIFault(atMs: time(until: 0.9)) }
    if hasStaleAnswers {
      let lagMs = Int64.random(in: 50...400, using: &random)
      add(-29_999, .api(.stale(forMs: lagMs, rate: Double.random(in: 0.2...1, using: &random))))
    }
  }

  private mutating func drawAPIFault(atMs: Int64) {
    let forMs = Int64.random(in: 300...1500, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0:
      let isDate = Bool.random(using: &random)
      add(atMs, .api(.storm(forMs: forMs, retryAfterS: 1, isDate: isDate)))
    case 1:
      let status = [500, 502, 503, 504].randomElement(using: &random) ?? 503
      add(atMs, .api(.errors(status: status, forMs: forMs)))
    case 2: add(atMs, .api(.dropped(forMs: forMs)))
    case 3:
      add(atMs, .api(.away))
      add(atMs + forMs, .api(.back))
    case 4:
      add(atMs, .api(latency(slowMax: 400)))
      add(atMs + forMs, .api(latency(slowMax: 20)))
    case 5: add(atMs, .api(.unauthorized(next: Int.random(in: 1...10, using: &random))))
    case 6:
      let throttle = random.chance(0.3) ? 0.02 : 0
      let error = Double.random(in: 0.01...0.1, using: &random)
      add(atMs, .api(.rates(throttle: throttle, error: (error * 100).rounded() / 100)))
      add(atMs + forMs, .api(.rates(throttle: 0, error: 0)))
    default:
      add(atMs, .api(.perSecond(Int.random(in: 50...300, using: &random))))
      add(atMs + forMs, .api(.perSecond(0)))
    }
  }

  private mutating func latency(slowMax: Int64) -> APIFault {
    .latency(
      ms: Int64.random(in: 0...8, using: &random),
      jitterMs: Int64.random(in: 0...12, using: &random),
      slowRate: [0, 0.02, 0.05].randomElement(using: &random) ?? 0,
      slowMs: Int64.random(in: 10...max(10, slowMax), using: &random))
  }

  mutating func drawBrokerFaults() {
    for _ in 0..<Int.random(in: 2...4, using: &random) { drawBrokerFault(atMs: time(until: 0.9)) }
    guard random.chance(0.35) else { return }
    // Longer than a dead letter waits for its delivery: some of them fail for good.
    let atMs = Int64.random(in: 0...800, using: &random)
    add(atMs, .broker(.down(broker: brokers)))
    add(atMs + 5500, .broker(.up(broker: brokers)))
  }

  private mutating func drawBrokerFault(atMs: Int64) {
    let broker = Int32.random(in: 1..<brokers, using: &random)
    switch Int.random(in: 0..<6, using: &random) {
    case 0...2:
      let kind = BrokerFault.passing.randomElement(using: &random) ?? BrokerFault.passing[0]
      let codes = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        kind.codes.randomElement(using: &random) ?? kind.codes[0]
      }
      add(atMs, .broker(.errors(kind.request, codes)))
    case 3:
      add(atMs, .broker(.down(broker: broker)))
      add(atMs + Int64.random(in: 100...600, using: &random), .broker(.up(broker: broker)))
    case 4:
      let ms = Int32.random(in: 20...250, using: &random)
      add(atMs, .broker(.roundTrip(broker: broker, ms: ms)))
      add(
        atMs + Int64.random(in: 200...800, using: &random),
        .broker(.roundTrip(broker: broker, ms: 0)))
    default:
      let partition = Int32.random(in: 0..<partitions, using: &random)
      add(atMs, .broker(.leader(partition: partition, broker: broker)))
    }
  }

  private mutating func time(until share: Double) -> Int64 {
    Int64.random(in: 0...Int64(Double(shape.lengthMs) * share), using: &random)
  }

  // MARK: Members

  /// At least one kill or freeze, and at least one member at the end.
  mutating func drawMembers() {
    var alive = Set(0..<membersAtStart)
    var atMs = Int64.random(in: 400...2000, using: &random)
    if alive.count > 1, random.chance(0.35), let slot = alive.sorted().randomElement(using: &random)
    {
      drawFreeze(slot, atMs: atMs)
      // Others can come and go meanwhile.
      alive.remove(slot)
      drawMoves(&alive, frozen: slot, count: Int.random(in: 0...1, using: &random), atMs: &atMs)
      if alive.isEmpty {
        let slot = (slot + 1) % shape.slots
        add(atMs, .member(slot: slot, .join))
      }
      return
    }
    if let slot = alive.sorted().randomElement(using: &random) {
      alive.remove(slot)
      add(atMs, .member(slot: slot, .kill))
    }
    drawMoves(&alive, frozen: nil, count: Int.random(in: 1...3, using: &random), atMs: &atMs)
    if alive.isEmpty { add(atMs, .member(slot: 0, .join)) }
  }

  private mutating func drawFreeze(_ slot: Int, atMs: Int64) {
    // With every slot taken, as many answers as can be come late.
    add(atMs - 300, .api(.latency(ms: 400, jitterMs: 100, slowRate: 0, slowMs: 0)))
    add(atMs, .member(slot: slot, .freeze))
    add(atMs + 100, .api(.latency(ms: 2, jitterMs: 4, slowRate: 0, slowMs: 0)))
    // The session, the broker's slowness in noticing, and a rebalance: 8 s until others have the
    // partitions.
    add(atMs + Int64.random(in: 9000...10_000, using: &random), .member(slot: slot, .thaw))
  }

  private mutating func drawMoves(
    _ alive: inout Set<Int>, frozen: Int?, count: Int, atMs: inout Int64
  ) {
    for _ in 0..<count {
      atMs += Int64.random(in: 50...1200, using: &random)
      let free = (0..<shape.slots).filter { !alive.contains($0) && $0 != frozen }
      if random.chance(0.5) || free.isEmpty, let slot = alive.sorted().randomElement(using: &random)
      {
        alive.remove(slot)
        add(atMs, .member(slot: slot, Bool.random(using: &random) ? .kill : .leave))
      } else if let slot = free.randomElement(using: &random) {
        alive.insert(slot)
        add(atMs, .member(slot: slot, .join))
      }
    }
  }
}
