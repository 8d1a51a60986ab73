// A destination in simulated time, kept busy by as many calls as a limiter lets out.
import Model

@testable import Lanes

/// Calls wait for one of `capacity` workers, first come, first served. Times are µs.
struct ServerSimulation {
  var limiter: ConcurrencyLimiter
  /// Calls worked on at one time.
  var capacity = Int.max
  var serviceUs = 100_000.0
  /// Exponentially distributed service times instead of constant ones.
  var isNoisy = false
  /// Calls that would wait for longer are refused at once, as overload.
  var queueUsMax = Int.max
  /// Calls that there is work for.
  var demand = Int.max

  private(set) var nowUs = 0
  private var random: SplitMix64
  private var running = MinHeap<Call>()
  /// When calls that occupy a worker will end.
  private var workers = MinHeap<Int>()

  /// What happened in one `run`.
  struct Summary {
    var calls = 0
    var overloads = 0
    var limits: [Int] = []
    var latenciesUs: [Int] = []
    var limitMean: Double { Double(limits.reduce(0, +)) / Double(max(1, limits.count)) }
    var latencyMeanUs: Double {
      Double(latenciesUs.reduce(0, +)) / Double(max(1, latenciesUs.count))
    }
  }

  init(_ limiter: ConcurrencyLimiter, seed: UInt64 = 1) {
    self.limiter = limiter
    random = SplitMix64(seed: seed)
  }

  mutating func run(forMs durationMs: Int) -> Summary {
    let endUs = nowUs + durationMs * 1000
    var summary = Summary()
    start()
    while let call = running.first, call.endUs <= endUs {
      _ = running.removeFirst()
      nowUs = call.endUs
      let latencyUs = call.endUs - call.startUs
      limiter.release(
        call.place, latencyUs: latencyUs, isOverload: call.isOverload, nowMs: Int64(nowUs / 1000))
      summary.calls += 1
      summary.overloads += call.isOverload ? 1 : 0
      summary.limits.append(limiter.limit)
      summary.latenciesUs.append(latencyUs)
      start()
    }
    nowUs = endUs
    return summary
  }

  private mutating func start() {
    while limiter.inFlight < demand, let place = limiter.tryAcquire() {
      while let worker = workers.first, worker <= nowUs { _ = workers.removeFirst() }
      let freeUs = workers.count < capacity ? nowUs : workers.first ?? nowUs
      if freeUs - nowUs > queueUsMax {
        running.insert(Call(place: place, startUs: nowUs, endUs: nowUs + 5000, isOverload: true))
        continue
      }
      if workers.count == capacity { _ = workers.removeFirst() }
      let endUs = freeUs + max(1, Int(serviceUs * factor()))
      workers.insert(endUs)
      running.insert(Call(place: place, startUs: nowUs, endUs: endUs))
    }
  }

  /// The natural logarithm by its series: close enough for a simulation.
  private mutating func factor() -> Double {
    guard isNoisy else { return 1 }
    // -ln(u) is exponentially distributed; the sum over halvings keeps the series short.
    var u = Double.random(in: 0.000_01..<1, using: &random)
    var sum = 0.0
    while u < 0.5 {
      u *= 2
      sum += 0.693_147_18
    }
    let x = (1 - u) / (1 + u)
    return sum + 2 * (x + x * x * x / 3 + x * x * x * x * x / 5)
  }
}

/// One call under way.
private struct Call: Comparable {
  var place: ConcurrencyLimiter.Place
  var startUs: Int
  var endUs: Int
  var isOverload = false

  static func < (one: Call, other: Call) -> Bool { one.endUs < other.endUs }
  static func == (one: Call, other: Call) -> Bool { one.endUs == other.endUs }
}

/// The least first.
private struct MinHeap<Element: Comparable> {
  private var elements: [Element] = []
  var count: Int { elements.count }
  var first: Element? { elements.first }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0, elements[child] < elements[(child - 1) / 2] {
      elements.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func removeFirst() -> Element {
    elements.swapAt(0, elements.count - 1)
    let first = elements.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2]
      where child < elements.count && elements[child] < elements[least] { least = child }
      guard least != parent else { return first }
      elements.swapAt(parent, least)
      parent = least
    }
  }
}
