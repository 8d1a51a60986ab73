// A run of changes that a seed repeats: for the demo and for tests that compare at the end.

internal import Glibc
import Model

/// One change of a record.
package enum SandboxChange: Sendable, Equatable {
  /// Creates the record or changes these properties of it.
  case put(type: String, id: String, properties: [String: String])
  case delete(type: String, id: String)
  case poison
}

/// An endless-looking but finite sequence of changes: `recordCount` records take part, few of them
/// in most changes (Zipf). The first change of a record creates it; a deleted one comes back under
/// a new id, as ids of a CRM do not return.
package struct ChangeScript: Sequence, IteratorProtocol, Sendable {
  package struct Options: Sendable {
    package var seed: UInt64 = 1
    /// Object type, singular; default `contact`.
    package var type = "contact"
    /// Default 200.
    package var recordCount = 200
    /// Changes besides poison; default 1000.
    package var changeCount = 1000
    /// Share of changes that delete, 0...1; default 0.03.
    package var deleteRate: Double = 0.03
    /// Skew: 0 is even, 1 the classical law; default 1.1.
    package var zipfExponent: Double = 1.1
    /// Poison bodies, spread evenly over the run; default 1.
    package var poisonCount = 1

    package init() {}
  }

  private let options: Options
  private var random: SplitMix64
  /// Running sums of the records' weights.
  private let weights: [Double]
  /// The present id of each record; nil before its creation and after its deletion.
  private var ids: [String?]
  private var nextId: Int64 = 5001
  private var changesMade = 0
  private var poisonMade = 0

  package init(_ options: Options = Options()) {
    self.options = options
    random = SplitMix64(seed: options.seed)
    var sum = 0.0
    weights = (1...Swift.max(options.recordCount, 1)).map { rank in
      sum += 1 / pow(Double(rank), options.zipfExponent)
      return sum
    }
    ids = Array(repeating: nil, count: weights.count)
  }

  package mutating func next() -> SandboxChange? {
    let poisonDue = (poisonMade + 1) * options.changeCount / (options.poisonCount + 1)
    if poisonMade < options.poisonCount, changesMade >= poisonDue {
      poisonMade += 1
      return .poison
    }
    guard changesMade < options.changeCount else { return nil }
    changesMade += 1
    let rank = rank()
    guard let id = ids[rank] else {
      let id = String(nextId)
      nextId += 1
      ids[rank] = id
      return .put(type: options.type, id: id, properties: properties(id))
    }
    if random.chance(options.deleteRate) {
      ids[rank] = nil
      return .delete(type: options.type, id: id)
    }
    let all = properties(id)
    let chosen = all.keys.sorted().shuffled(using: &random)
      .prefix(Int.random(in: 1...2, using: &random))
    return .put(type: options.type, id: id, properties: all.filter { chosen.contains($0.key) })
  }

  /// The number of the change stands in each value, so that no two states of a record are equal.
  private func properties(_ id: String) -> [String: String] {
    [
      "email": "person-\(id)-\(changesMade)@example.com", "firstname": "Ada \(changesMade)",
      "lastname": "Lövelace-\(id) \(changesMade)",
    ]
  }

  private mutating func rank() -> Int {
    let total = weights[weights.count - 1]
    let drawn = Double.random(in: 0..<total, using: &random)
    var (low, high) = (0, weights.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if weights[middle] > drawn { high = middle } else { low = middle + 1 }
    }
    return low
  }

}

extension SandboxServer {
  /// Makes the changes one by one, `perSecond` of them evenly spaced when given, as fast as they go
  /// otherwise. Returns when the last one is made, not delivered; stops early when its task is
  /// cancelled.
  package func run(_ script: ChangeScript, perSecond: Double? = nil) async {
    let start = ContinuousClock.now
    var made = 0
    for change in script {
      if Task.isCancelled { return }
      switch change {
      case .put(let type, let id, let properties): put(type, id, properties)
      case .delete(let type, let id): delete(type, id)
      case .poison: sendPoison(1)
      }
      made += 1
      if let perSecond, perSecond > 0 {
        try? await Task.sleep(until: start + .seconds(Double(made) / perSecond), clock: .continuous)
      } else if made % 64 == 0 {
        await Task.yield()
      }
    }
  }
}
