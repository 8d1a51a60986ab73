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
    var lane = lanes[origin] ?? Lane()
    if lane.active < perOriginMax, active < totalMax {
      lane.active += 1
      active += 1
      lanes[origin] = lane
      return .start
    }
    guard waiting < waitingMax else { return .refuse }
    lane.queue.append(ticket)
    waiting += 1
    lanes[origin] = lane
    return .wait
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
    guard var lane = lanes[origin], lane.active > 0 else {
      preconditionFailure("Admission.release: no slot of this origin is taken")
    }
    lane.active -= 1
    active -= 1
    lanes[origin] = lane
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
