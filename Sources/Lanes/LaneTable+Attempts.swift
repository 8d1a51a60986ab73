// From a free slot to done: starting, finishing, trying again, burying.
package import Model

extension LaneTable {
  /// Names one attempt; stale once the lane moved on.
  package struct Ticket: Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    init(lane: Int, generation: UInt32) {
      rawValue = UInt64(lane) << 32 | UInt64(generation)
    }

    var lane: Int { Int(rawValue >> 32) }
    var generation: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
  }

  /// Something the shell is to start now.
  package enum Start: Sendable {
    /// Work on the item; report with `finish`. `attempt` counts from 1.
    case attempt(Ticket, item: Item, attempt: Int)
    /// Produce a dead letter; report with `buried`.
    case bury(Ticket, item: Item, Burial)
  }

  /// What a dead letter tells of its record's end.
  package struct Burial: Sendable, Equatable {
    package let failure: Failure
    package let attempts: Int
    package let firstFailedAtMs: Int64
  }

  /// What became of a finished attempt.
  package enum Verdict: Sendable, Equatable {
    /// The offset is done.
    case done
    /// Tried again, not before this time.
    case retry(atMs: Int64, attempt: Int)
    /// Will be buried: `next` returns a `bury` for it.
    case toBury
    /// The ticket is stale (partition dropped meanwhile): nothing changed.
    case stale
  }

  /// The next thing to start, or nil: nothing is ready, or all slots are taken.
  package mutating func next(nowMs: Int64) -> Start? {
    wakeDue(nowMs: nowMs)
    while inFlight < limits.inFlightMax, let entry = ready.popFirst() {
      let index = entry.lane
      guard lanes[index].generation == entry.generation, case .ready = lanes[index].state,
        let head = lanes[index].head, let partition = partitions[lanes[index].partition],
        !partition.isFenced
      else { continue }
      inFlight += 1
      partitions[lanes[index].partition]?.inFlight += 1
      let ticket = Ticket(lane: index, generation: entry.generation)
      if let failure = lanes[index].burial {
        lanes[index].state = .burying
        let burial = Burial(
          failure: failure, attempts: lanes[index].attempts,
          firstFailedAtMs: lanes[index].firstFailedAtMs ?? nowMs)
        return .bury(ticket, item: head.item, burial)
      }
      lanes[index].state = .running
      return .attempt(ticket, item: head.item, attempt: lanes[index].attempts + 1)
    }
    return nil
  }

  /// Takes the end of an attempt.
  package mutating func finish(_ ticket: Ticket, _ outcome: Outcome, nowMs: Int64) -> Verdict {
    guard isCurrent(ticket) else { return .stale }
    guard case .running = lanes[ticket.lane].state else {
      preconditionFailure("LaneTable.finish: lane is \(lanes[ticket.lane].state)")
    }
    freeSlot(of: ticket.lane)
    guard case .failed(let failure) = outcome else {
      completeHead(of: ticket.lane)
      return .done
    }
    let index = ticket.lane
    lanes[index].firstFailedAtMs = lanes[index].firstFailedAtMs ?? nowMs
    lanes[index].failures += 1
    // Being asked to slow down, and a sink that is down, are no failures of the record: they never
    // lead to a dead letter, or a full disk would drain the topic into it.
    let isSinkDown = failure.stage == .write && failure.failureClass == .transient
    if failure.failureClass != .throttled, !isSinkDown { lanes[index].attempts += 1 }
    if failure.failureClass.isRetriable, lanes[index].attempts < limits.attemptsMax {
      let dueMs =
        nowMs
        + backoff.delayMs(attempt: lanes[index].failures, retryAfterMs: failure.retryAfterMs)
      wait(lane: index, untilMs: dueMs)
      return .retry(atMs: dueMs, attempt: lanes[index].failures)
    }
    lanes[index].burial = failure
    makeReady(index)
    return .toBury
  }

  /// Takes the end of a burial: the offset is done only when the dead letter was acknowledged.
  package mutating func buried(
    _ ticket: Ticket, isAcknowledged: Bool, nowMs: Int64
  ) -> Verdict {
    guard isCurrent(ticket) else { return .stale }
    guard case .burying = lanes[ticket.lane].state else {
      preconditionFailure("LaneTable.buried: lane is \(lanes[ticket.lane].state)")
    }
    freeSlot(of: ticket.lane)
    guard isAcknowledged else {
      // Never at once again: a produce that fails immediately must not spin.
      let dueMs =
        nowMs + max(backoff.baseMs, backoff.delayMs(attempt: 6, retryAfterMs: nil))
      wait(lane: ticket.lane, untilMs: dueMs)
      return .retry(atMs: dueMs, attempt: lanes[ticket.lane].attempts)
    }
    completeHead(of: ticket.lane)
    return .done
  }

  private func isCurrent(_ ticket: Ticket) -> Bool {
    ticket.lane < lanes.count && lanes[ticket.lane].generation == ticket.generation
  }

  private mutating func freeSlot(of lane: Int) {
    inFlight -= 1
    partitions[lanes[lane].partition]?.inFlight -= 1
  }

  private mutating func wait(lane: Int, untilMs dueMs: Int64) {
    lanes[lane].state = .waiting
    timers.insert(
      TimerHeap.Entry(dueMs: dueMs, lane: lane, generation: lanes[lane].generation))
  }

  private mutating func wakeDue(nowMs: Int64) {
    while let entry = timers.popDue(nowMs: nowMs) {
      guard lanes[entry.lane].generation == entry.generation,
        case .waiting = lanes[entry.lane].state
      else { continue }
      makeReady(entry.lane)
    }
  }

  private mutating func completeHead(of lane: Int) {
    let isLast = lanes[lane].count == 1
    let offset = lanes[lane].head?.offset ?? 0
    partitions[lanes[lane].partition]?.ledger.complete(offset)
    windowRecords -= 1
    windowBytes -= lanes[lane].head?.bytes ?? 0
    if isLast {
      release(lane: lane)
    } else {
      _ = lanes[lane].removeHead()
      lanes[lane].generation &+= 1
      makeReady(lane)
    }
  }
}
