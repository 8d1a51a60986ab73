// Counters, gauges and histograms: handles that are looked up once and then cost an atomic add.

package import Synchronization

/// What a series is recorded with. Every instrument may be used from any thread.
package protocol MetricInstrument: AnyObject, Sendable {
  static var kind: MetricKind { get }
  init()
}

/// Only goes up.
package final class Counter: MetricInstrument {
  package static let kind = MetricKind.counter
  @usableFromInline let count = Atomic<Int>(0)

  package init() {}

  /// Inlined, as the rest of the path of a request is.
  @inlinable package func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

  package var value: Int { count.load(ordering: .relaxed) }
}

/// Goes up and down.
package final class Gauge: MetricInstrument {
  package static let kind = MetricKind.gauge
  @usableFromInline let stored = Atomic<Int>(0)

  package init() {}

  /// For unit `.seconds` the amount is in milliseconds, here and in `add`.
  @inlinable package func set(_ amount: Int) { stored.store(amount, ordering: .relaxed) }

  package func add(_ amount: Int) { stored.wrappingAdd(amount, ordering: .relaxed) }

  package var value: Int { stored.load(ordering: .relaxed) }
}

/// How often something took how long.
package final class Histogram: MetricInstrument {
  package static let kind = MetricKind.histogram

  /// Upper bounds: 1 ms to 60 s, close together where a webhook's deadline is.
  package static let boundsMicroseconds = [
    1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    5_000_000, 10_000_000, 30_000_000, 60_000_000,
  ]

  /// One a bound, and one for everything above.
  private let buckets = (0...boundsMicroseconds.count).map { _ in Counter() }
  private let sum = Counter()

  package init() {}

  /// Negative durations, from a clock that went back, count as 0.
  package func observe(microseconds: Int) {
    let duration = max(0, microseconds)
    var index = 0
    while index < Self.boundsMicroseconds.count, duration > Self.boundsMicroseconds[index] {
      index += 1
    }
    buckets[index].add()
    sum.add(duration)
  }

  /// Counts by bucket, the last one for everything above the bounds.
  package var counts: [Int] { buckets.map(\.value) }

  package var sumMicroseconds: Int { sum.value }
}

/// One counter for each case of an enum, for a label whose values are that enum's.
package struct CounterTable<Key: CaseIterable & Equatable & Sendable>: Sendable {
  @usableFromInline let keys: [Key]
  @usableFromInline let counters: [Counter]

  init(_ make: (Key) -> Counter) {
    keys = Array(Key.allCases)
    counters = keys.map(make)
  }

  /// A scan over a few cases: no hashing. Inlined, or each comparison would be a call.
  @inlinable @inline(__always) package subscript(key: Key) -> Counter {
    for index in keys.indices where keys[index] == key { return counters[index] }
    preconditionFailure("CounterTable: allCases lacks \(key)")
  }
}
