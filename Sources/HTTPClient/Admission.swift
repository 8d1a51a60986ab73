// Which requests may be under way. curl has limits of its own, but counts the time spent waiting
// for a connection as connect time, and would fail a healthy request for it.

/// Slots by origin and in all, with a queue by origin. First come, first served within an origin.
struct Admission {
  let perOriginMax: Int
  let totalMax: Int
  let waitingMax: Int
  private(set) var active = 0
  private(set) var waiting = 0
  private var lanes: [HTTPOrigin: Lane] = [:]

  private struct Lane {
    var active = 0
    /// `queue[head...]` wait; the part before it is dropped now and then.
    var queue: [UInt64] = []
    var head = 0

    var isIdle: Bool { active == 0 && head == queue.count }

    mutating func request(
      _ ticket: UInt64, hasRoom: Bool, perOriginMax: Int, mayWait: Bool
    ) -> Verdict {
      if hasRoom, active < perOriginMax {
        active += 1
        return .start
      }
      guard mayWait else { return .refuse }
      queue.append(ticket)
      return .wait
    }

    mutating func next() -> UInt64? {
      guard head < queue.count else { return nil }
      defer {
        head += 1
        if head == queue.count {
          queue.removeAll(keepingCapacity: true)
          head = 0
        } else if head >= 1024 {
          queue.removeFirst(head)
          head = 0
        }
      }
      return queue[head]
    }
  }

  enum Verdict: Equatable { case start, wait, refuse }

  init(perOriginMax: Int, totalMax: Int, waitingMax: Int) {
    self.perOriginMax = perOriginMax
    self.totalMax = totalMax
    self.waitingMax = waitingMax
  }

  mutating func request(_ ticket: UInt64, _ origin: HTTPOrigin) -> Verdict {
    let verdict = lanes[origin, default: Lane()].request(
      ticket, hasRoom: active < totalMax, perOriginMax: perOriginMax,
      mayWait: waiting < waitingMax)
    switch verdict {
    case .start: active += 1
    case .wait: waiting += 1
    case .refuse: if lanes[origin]?.isIdle == true { lanes[origin] = nil }
    }
    return verdict
  }

  /// Takes a waiting ticket out of the queue.
  mutating func withdraw(_ ticket: UInt64, _ origin: HTTPOrigin) {
    guard var lane = lanes[origin],
      let index = lane.queue[lane.head...].firstIndex(of: ticket)
    else { preconditionFailure("Admission.withdraw: ticket \(ticket) is not waiting") }
    lane.queue.remove(at: index)
    waiting -= 1
    lanes[origin] = lane.isIdle ? nil : lane
  }

  /// Gives a slot back and returns the waiting tickets to start now; their slots are taken.
  mutating func release(_ origin: HTTPOrigin) -> [UInt64] {
    let isTaken = { (lane: inout Lane?) -> Bool in
      guard let count = lane?.active, count > 0 else { return false }
      lane?.active -= 1
      return true
    }(&lanes[origin])
    precondition(isTaken, "Admission.release: no slot of this origin is taken")
    active -= 1
    guard waiting > 0 else {
      // A lane without work stays while it is the only one: it is about to be used again.
      if lanes.count > 1, lanes[origin]?.isIdle == true { lanes[origin] = nil }
      return []
    }
    var started: [UInt64] = []
    fill(origin, &started)
    if waiting > 0, active < totalMax {
      for other in lanes.keys where other != origin { fill(other, &started) }
    }
    if lanes[origin]?.isIdle == true { lanes[origin] = nil }
    return started
  }

  private mutating func fill(_ origin: HTTPOrigin, _ started: inout [UInt64]) {
    guard var lane = lanes[origin] else { return }
    while lane.active < perOriginMax, active < totalMax, let ticket = lane.next() {
      lane.active += 1
      active += 1
      waiting -= 1
      started.append(ticket)
    }
    lanes[origin] = lane
  }
}
