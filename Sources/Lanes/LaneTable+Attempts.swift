// From a free slot to done: starting, joining, finishing, trying again.
package import Model

extension LaneTable {
  /// Names one run under way; stale once the lane moved on.
  package struct Ticket: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(lane: Int32, generation: UInt32) {
      rawValue = UInt64(lane) << 32 | UInt64(generation)
    }

    var lane: Int32 { Int32(truncatingIfNeeded: rawValue >> 32) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
  }

  /// Something the shell is to start now. `place` is where the head stands.
  package enum Start: Sendable {
    /// Work on it; report with `finish`, or give it back with `suspend` or `postpone`. `attempt`
    /// counts from 1.
    case attempt(Ticket, place: Int, attempt: Int)
    /// Produce a dead letter for each record of the run; report with `buried`.
    case bury(Ticket, Burial)
    /// Produce the head to the retry partition; report with `parked`.
    case park(Ticket, place: Int, Parking)
  }

  /// What a dead letter tells of its record's end.
  package struct Burial: Sendable, Equatable {
    package let failure: Failure
    package let attempts: Int
    package let firstFailedAtMs: Int64
  }

  /// What a parked record takes along.
  package struct Parking: Sendable, Equatable {
    /// Nil for a record that only follows earlier ones of its key.
    package let failure: Failure?
    package let attempts: Int
  }

  /// What became of a finished attempt.
  package enum Verdict: Sendable, Equatable {
    /// All offsets of the run are done; its places are free.
    case done
    /// Tried again, not before this time.
    case retry(atMs: Int64, attempt: Int)
    /// Will be parked: `next` returns a `park` for it.
    case toPark
    /// Will be buried: `next` returns a `bury` for it.
    case toBury
    /// The ticket is stale (partition dropped meanwhile): nothing changed.
    case stale
  }

  /// The next thing to start, or nil: nothing is ready, or all slots are taken.
  package mutating func next(nowMs: Int64) -> Start? {
    wakeDue(nowMs: nowMs)
    while inFlight < limits.inFlightMax, let entry = ready.popFirst() {
      let index = Int(entry.lane)
      guard lanes[index].generation == entry.generation, lanes[index].state == .ready else {
        continue
      }
      let partition = Int(lanes[index].partition)
      guard partitions[partition].isOwned, !partitions[partition].isFenced else { continue }
      let offset = slab[lanes[index].first].offset
      guard partitions[partition].mayStart(offset) else {
        lanes[index].state = .held
        partitions[partition].held.append(entry)
        continue
      }
      return start(entry.lane, nowMs: nowMs)
    }
    return nil
  }

  private mutating func start(_ lane: Int32, nowMs: Int64) -> Start {
    let index = Int(lane)
    let partition = Int(lanes[index].partition)
    let place = Int(lanes[index].first)
    let ticket = Ticket(lane: lane, generation: lanes[index].generation)
    let trouble = lanes[index].isTroubled ? troubles[lane] : nil
    if case .burial(let failure)? = trouble?.end, let trouble {
      // The run that failed together is buried together.
      takeSlots(of: lane, count: Int(lanes[index].runCount))
      lanes[index].state = .burying
      return .bury(
        ticket,
        Burial(
          failure: failure, attempts: trouble.attempts,
          firstFailedAtMs: trouble.firstFailedAtMs ?? nowMs))
    }
    lanes[index].runCount = 1
    takeSlots(of: lane, count: 1)
    let key = lanes[index].key
    let follows = lanes[index].isKeyed && partitions[partition].parked.isParked(key)
    var failure: Failure?
    if case .parking(let cause)? = trouble?.end { failure = cause }
    if failure != nil || follows {
      lanes[index].state = .parking
      partitions[partition].parked.park(key)
      let attempts = failure == nil ? 0 : trouble?.attempts ?? 0
      return .park(ticket, place: place, Parking(failure: failure, attempts: attempts))
    }
    lanes[index].state = .running
    return .attempt(ticket, place: place, attempt: (trouble?.attempts ?? 0) + 1)
  }

  // MARK: Runs

  /// Joins queued records to a running head, in order, as long as `isJoining` says so and there are
  /// slots, up to `countMax` in all: one piece of work will settle all of them. Returns the count.
  @discardableResult
  package mutating func extend(
    _ ticket: Ticket, countMax: Int, while isJoining: (Int) -> Bool
  ) -> Int {
    guard isCurrent(ticket), lanes[Int(ticket.lane)].state == .running else { return 0 }
    let lane = Int(ticket.lane)
    var count = 1
    var place = slab[lanes[lane].first].next
    while place >= 0, count < countMax, mayJoin(place, of: lane), isJoining(Int(place)) {
      count += 1
      place = slab[place].next
    }
    takeSlots(of: ticket.lane, count: count - Int(lanes[lane].runCount))
    lanes[lane].runCount = Int32(count)
    return count
  }

  private func mayJoin(_ place: Int32, of lane: Int) -> Bool {
    partitions[Int(lanes[lane].partition)].mayStart(slab[place].offset)
  }

  /// Where a run's records stand: `count` places, the first one, and from each on `place(after:)`.
  package struct Run: Sendable, Equatable {
    package let first: Int
    package let count: Int
  }

  /// The run that a ticket names; nil when the ticket is stale.
  package func run(of ticket: Ticket) -> Run? {
    guard isCurrent(ticket) else { return nil }
    let lane = Int(ticket.lane)
    return Run(first: Int(lanes[lane].first), count: Int(lanes[lane].runCount))
  }

  /// The next place of the same lane; negative after its last.
  package func place(after place: Int) -> Int { Int(slab[Int32(place)].next) }

  /// The places of a run, in order; none when the ticket is stale.
  package func places(of ticket: Ticket) -> [Int] {
    guard let run = run(of: ticket) else { return [] }
    var places = [run.first]
    while places.count < run.count { places.append(place(after: places[places.count - 1])) }
    return places
  }

  // MARK: Waiting for others

  /// Gives a started run back until its destination takes more: no attempt was made.
  package mutating func suspend(_ ticket: Ticket, on destination: Int) {
    guard isCurrent(ticket) else { return }
    precondition(
      lanes[Int(ticket.lane)].state == .running, "LaneTable.suspend: not under way")
    while suspended.count <= destination { suspended.append(LaneQueue()) }
    freeSlots(of: ticket.lane)
    lanes[Int(ticket.lane)].state = .suspended
    suspended[destination].append(readyEntry(ticket.lane))
  }

  /// Makes up to `countMax` lanes ready that wait for a destination. Returns how many.
  @discardableResult
  package mutating func resume(_ destination: Int, countMax: Int) -> Int {
    guard destination < suspended.count else { return 0 }
    var count = 0
    while count < countMax, let entry = suspended[destination].popFirst() {
      guard lanes[Int(entry.lane)].generation == entry.generation,
        lanes[Int(entry.lane)].state == .suspended
      else { continue }
      makeReady(entry.lane)
      count += 1
    }
    return count
  }

  /// Whether lanes may wait for a destination; some may have moved on.
  package func hasSuspended(_ destination: Int) -> Bool {
    destination < suspended.count && !suspended[destination].isEmpty
  }

  /// Gives a started run back until a time: no attempt was made.
  package mutating func postpone(_ ticket: Ticket, untilMs dueMs: Int64) {
    guard isCurrent(ticket) else { return }
    precondition(
      lanes[Int(ticket.lane)].state == .running, "LaneTable.postpone: not under way")
    freeSlots(of: ticket.lane)
    wait(lane: ticket.lane, untilMs: dueMs)
  }

  // MARK: Ends

  /// Takes the end of an attempt. `isCounted` false: it says nothing of the record, as when its
  /// destination is known to be away, and leads to no parking and no burial.
  package mutating func finish(
    _ ticket: Ticket, _ outcome: Outcome, isCounted: Bool = true, nowMs: Int64
  ) -> Verdict {
    guard isCurrent(ticket) else { return .stale }
    precondition(
      lanes[Int(ticket.lane)].state == .running,
      "LaneTable.finish: lane is \(lanes[Int(ticket.lane)].state)")
    freeSlots(of: ticket.lane)
    guard case .failed(let failure) = outcome else {
      completeRun(of: ticket.lane)
      return .done
    }
    let lane = ticket.lane
    lanes[Int(lane)].isTroubled = true
    var trouble = troubles[lane] ?? Trouble()
    trouble.firstFailedAtMs = trouble.firstFailedAtMs ?? nowMs
    trouble.failures += 1
    // Being asked to slow down, and a sink that is down, are no failures of the record: they never
    // lead to a dead letter, or a full disk would drain the topic into it.
    let isSinkDown = failure.stage == .write && failure.failureClass == .transient
    if isCounted, failure.failureClass != .throttled, !isSinkDown { trouble.attempts += 1 }
    let isRetriable = failure.failureClass.isRetriable
    if isRetriable, trouble.attempts < attemptsMax(of: lane) {
      let waitMs = backoff.delayMs(
        attempt: trouble.failures, retryAfterMs: failure.retryAfterMs)
      troubles[lane] = trouble
      wait(lane: lane, untilMs: nowMs + waitMs)
      return .retry(atMs: nowMs + waitMs, attempt: trouble.failures)
    }
    let isParking = isRetriable && trouble.attempts < limits.attemptsMax
    trouble.end = isParking ? .parking(failure) : .burial(failure)
    troubles[lane] = trouble
    makeReady(lane)
    return isParking ? .toPark : .toBury
  }

  /// How many failed attempts end the record's stay in its lane.
  private func attemptsMax(of lane: Int32) -> Int {
    guard lanes[Int(lane)].isKeyed,
      case .events(retry: .some) = partitions[Int(lanes[Int(lane)].partition)].role
    else { return limits.attemptsMax }
    return min(limits.attemptsMax, limits.laneAttemptsMax)
  }

  /// Takes the end of a burial: the run is done only when every dead letter was acknowledged.
  package mutating func buried(
    _ ticket: Ticket, isAcknowledged: Bool, nowMs: Int64
  ) -> Verdict {
    guard isCurrent(ticket) else { return .stale }
    precondition(
      lanes[Int(ticket.lane)].state == .burying,
      "LaneTable.buried: lane is \(lanes[Int(ticket.lane)].state)")
    freeSlots(of: ticket.lane)
    return endOfProduce(ticket, isAcknowledged: isAcknowledged, nowMs: nowMs)
  }

  /// Gives a burial back until a time: the dead-letter topic takes no more now.
  package mutating func postponeBurial(_ ticket: Ticket, untilMs dueMs: Int64) {
    guard isCurrent(ticket), lanes[Int(ticket.lane)].state == .burying else { return }
    freeSlots(of: ticket.lane)
    wait(lane: ticket.lane, untilMs: dueMs)
  }

  /// Takes the end of a parking. `retryOffset`: where the record is now; nil when it was not
  /// stored: it stays at the head of its lane.
  package mutating func parked(
    _ ticket: Ticket, retryOffset: Int64?, nowMs: Int64
  ) -> Verdict {
    guard isCurrent(ticket) else { return .stale }
    let lane = Int(ticket.lane)
    precondition(
      lanes[lane].state == .parking, "LaneTable.parked: lane is \(lanes[lane].state)")
    freeSlots(of: ticket.lane)
    let partition = Int(lanes[lane].partition)
    if let retryOffset {
      partitions[partition].parked.stored(lanes[lane].key, retryOffset: retryOffset)
    } else {
      partitions[partition].parked.failed(lanes[lane].key)
    }
    return endOfProduce(ticket, isAcknowledged: retryOffset != nil, nowMs: nowMs)
  }

  private mutating func endOfProduce(
    _ ticket: Ticket, isAcknowledged: Bool, nowMs: Int64
  ) -> Verdict {
    guard isAcknowledged else {
      // Never at once again: a produce that fails immediately must not spin.
      let waitMs = max(backoff.baseMs, backoff.delayMs(attempt: 6, retryAfterMs: nil))
      wait(lane: ticket.lane, untilMs: nowMs + waitMs)
      return .retry(
        atMs: nowMs + waitMs, attempt: troubles[ticket.lane]?.attempts ?? 0)
    }
    completeRun(of: ticket.lane)
    return .done
  }

  /// True while the run that the ticket names is under way.
  package func isCurrent(_ ticket: Ticket) -> Bool {
    Int(ticket.lane) < lanes.count
      && lanes[Int(ticket.lane)].generation == ticket.generation
  }

  private mutating func takeSlots(of lane: Int32, count: Int) {
    inFlight += count
    partitions[Int(lanes[Int(lane)].partition)].inFlight += count
  }

  private mutating func freeSlots(of lane: Int32) {
    takeSlots(of: lane, count: -Int(lanes[Int(lane)].runCount))
  }

  private mutating func wait(lane: Int32, untilMs dueMs: Int64) {
    lanes[Int(lane)].state = .waiting
    timers.insert(
      TimerHeap.Entry(
        dueMs: dueMs, lane: Int(lane), generation: lanes[Int(lane)].generation))
  }

  private mutating func wakeDue(nowMs: Int64) {
    while let entry = timers.popDue(nowMs: nowMs) {
      guard lanes[entry.lane].generation == entry.generation,
        lanes[entry.lane].state == .waiting
      else { continue }
      makeReady(Int32(entry.lane))
    }
  }

  private mutating func completeRun(of index: Int32) {
    let lane = Int(index)
    let partition = Int(lanes[lane].partition)
    let isKeyed = lanes[lane].isKeyed
    let key = lanes[lane].key
    var events: Int?
    if case .retry(of: let other) = partitions[partition].role, owns(other) { events = other }
    for _ in 0..<lanes[lane].runCount {
      let place = lanes[lane].first
      let entry = slab.giveBack(place)
      lanes[lane].first = entry.next
      lanes[lane].count -= 1
      partitions[partition].ledger.complete(entry.offset)
      partitions[partition].records -= 1
      windowRecords -= 1
      windowBytes -= Int(entry.bytes)
      if let events, isKeyed { partitions[events].parked.done(key, retryOffset: entry.offset) }
    }
    partitions[partition].hasNews = true
    guard lanes[lane].count > 0 else { return release(lane: index) }
    lanes[lane].generation &+= 1
    lanes[lane].runCount = 1
    if lanes[lane].isTroubled {
      troubles[index] = nil
      lanes[lane].isTroubled = false
    }
    makeReady(index)
  }
}
