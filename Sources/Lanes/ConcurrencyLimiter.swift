// How many calls a destination is given at one time, learnt from how long they take.

/// The adaptive concurrency of one destination.
///
/// The latency of a cohort, calls that began one after the other, is held against a baseline, the
/// latency without a queue. While they are alike the limit grows, at first by doubling; where the
/// destination only makes our calls wait for each other, latency grows with the limit, and the
/// limit shrinks in proportion, with `sqrt(limit)` calls allowed to queue. Time-outs and refusals
/// for overload cut it at once.
///
/// A baseline may be out of date: the destination became slower for everybody. So when latency was
/// too high for `baselineMsMax`, the limit is quartered for one cohort, which thus meets no queue
/// of ours, and its latency is the new baseline.
package struct ConcurrencyLimiter: Sendable {
  package struct Limits: Sendable {
    package var limitMax: Int
    package var limitStart = 16
    /// Latency over baseline that is still taken for noise.
    package var tolerance = 1.2
    /// What is left of the limit after an overload.
    package var overloadFactor = 0.7
    /// How long a baseline is believed while latency exceeds it; at least 20 latencies.
    package var baselineMsMax: Int64 = 10_000

    package init(limitMax: Int) { self.limitMax = limitMax }
  }

  /// A call's place, to be given back once.
  package struct Place: Sendable {
    fileprivate let cohort: UInt32
  }

  package enum Phase: Sendable, Equatable {
    /// The limit doubles with every cohort that used it.
    /// Can transition to: `steady` (latency exceeded the baseline twice in a row, or overload).
    case starting
    /// The limit follows latency.
    /// Can transition to: `measuring` (latency exceeded the baseline for too long).
    case steady
    /// The limit is quartered, and the cohort's latency will be the baseline.
    /// Can transition to: `steady` (the old baseline held, or overload), `starting` (it did not:
    /// the destination is slower than it was, and the cuts were a mistake).
    case measuring(returnTo: Double)
  }

  /// Calls that may be under way at one time, from 1 to `limitMax`.
  package private(set) var limit: Int
  package private(set) var inFlight = 0
  package private(set) var phase = Phase.starting
  /// Latency without a queue, µs; nil before the first cohort.
  package private(set) var baselineUs: Double?

  private let limits: Limits
  /// The limit before rounding.
  private var exact: Double
  private var cohort = Cohort(number: 1, wanted: 8, peak: 0)
  /// Since when latency has exceeded the baseline.
  private var exceededSinceMs: Int64?
  /// Overloads before this belong to the one that cut the limit last.
  private var nextCutMs = Int64.min

  package init(_ limits: Limits) {
    precondition(limits.limitMax >= 1, "ConcurrencyLimiter.init: limitMax \(limits.limitMax)")
    precondition(limits.tolerance >= 1, "ConcurrencyLimiter.init: tolerance below 1")
    self.limits = limits
    limit = min(limits.limitMax, max(1, limits.limitStart))
    exact = Double(limit)
    begin()
  }

  /// Takes a place for a call; nil when there is none.
  package mutating func tryAcquire() -> Place? {
    guard inFlight < limit else { return nil }
    inFlight += 1
    if inFlight > cohort.peak { cohort.peak = inFlight }
    guard cohort.begun < cohort.wanted else { return Place(cohort: 0) }
    cohort.begun += 1
    return Place(cohort: cohort.number)
  }

  /// Gives a place back after a call. `isOverload`: it timed out, or was refused because there was
  /// too much. Its latency then says nothing.
  package mutating func release(
    _ place: Place, latencyUs: Int, isOverload: Bool, nowMs: Int64
  ) {
    if isOverload {
      abandon(place)
      cut(nowMs: nowMs)
      return
    }
    leave()
    guard place.cohort == cohort.number else { return }
    cohort.add(latencyUs: latencyUs)
    // The slowest tenth is not waited for: one stuck call would stop all learning.
    guard cohort.calls * 10 >= cohort.wanted * 9 else { return }
    let complete = cohort
    adapt(to: complete, nowMs: nowMs)
    begin()
  }

  /// Gives a place back for a call that has no result, or was not made.
  package mutating func abandon(_ place: Place) {
    leave()
    // Another call takes its part in the cohort.
    if place.cohort == cohort.number { cohort.begun -= 1 }
  }

  private mutating func leave() {
    precondition(inFlight > 0, "ConcurrencyLimiter.release: no call is under way")
    inFlight -= 1
  }

  // MARK: Cohorts

  /// Calls that began one after the other. Looking at those that *ended* one after the other would
  /// see too many short ones whenever there are more calls than before.
  private struct Cohort {
    let number: UInt32
    let wanted: Int
    /// Most calls under way at one time.
    var peak: Int
    var begun = 0
    var calls = 0
    var sumUs = 0.0
    var squares = 0.0

    init(number: UInt32, wanted: Int, peak: Int) {
      self.number = number
      self.wanted = wanted
      self.peak = peak
    }

    mutating func add(latencyUs: Int) {
      let value = Double(max(1, latencyUs))
      calls += 1
      sumUs += value
      squares += value * value
    }

    var meanUs: Double { sumUs / Double(calls) }
    /// How far the mean may be off by chance: its standard error.
    var errorUs: Double {
      (max(0, squares / Double(calls) - meanUs * meanUs) / Double(calls)).squareRoot()
    }
  }

  private mutating func begin() {
    // As many as there are places: fewer might all have met the same part of a wave of calls.
    // Number 0 is nobody's.
    let number = cohort.number == .max ? 1 : cohort.number + 1
    cohort = Cohort(number: number, wanted: max(8, limit), peak: inFlight)
  }

  private mutating func adapt(to cohort: Cohort, nowMs: Int64) {
    let meanUs = cohort.meanUs
    if case .measuring(let returnTo) = phase {
      let isSlower = meanUs > limits.tolerance * (baselineUs ?? meanUs)
      baselineUs = meanUs
      exceededSinceMs = nil
      phase = isSlower ? .starting : .steady
      set(returnTo)
      return
    }
    let acceptedUs = limits.tolerance * follow(meanUs)
    let surelyUs = meanUs - cohort.errorUs
    // A limit that nobody used is neither proven nor disproven.
    let isUsed = cohort.peak * 10 >= limit * 9
    guard surelyUs > acceptedUs else {
      exceededSinceMs = nil
      if isUsed { set(phase == .starting ? exact * 2 : exact + exact.squareRoot() / 2) }
      return
    }
    guard let sinceMs = exceededSinceMs else {
      exceededSinceMs = nowMs
      if isUsed, phase == .steady { shrink(acceptedUs / surelyUs) }
      return
    }
    if nowMs - sinceMs >= max(limits.baselineMsMax, Int64(meanUs) / 50) {
      phase = .measuring(returnTo: exact)
      set(exact / 4)
    } else {
      phase = .steady
      if isUsed { shrink(acceptedUs / surelyUs) }
    }
  }

  /// Half-way to what the latencies call for, and the queue that is allowed.
  private mutating func shrink(_ gradient: Double) {
    set((exact + exact * max(0.5, gradient) + exact.squareRoot()) / 2)
  }

  /// Moves the baseline: quickly down, slowly up, and not up at all where there may be a queue.
  private mutating func follow(_ meanUs: Double) -> Double {
    let old = baselineUs ?? meanUs
    let weight = meanUs < old ? 0.1 : meanUs <= limits.tolerance * old ? 0.02 : 0
    let new = old + (meanUs - old) * weight
    baselineUs = new
    return new
  }

  private mutating func cut(nowMs: Int64) {
    guard nowMs >= nextCutMs else { return }
    // Calls that were under way at this cut report within about one latency.
    nextCutMs = nowMs + max(100, Int64((baselineUs ?? 0) / 1000))
    phase = .steady
    exceededSinceMs = nil
    set(exact * limits.overloadFactor)
    begin()
  }

  private mutating func set(_ value: Double) {
    exact = min(Double(limits.limitMax), max(1, value))
    limit = Int(exact)
  }
}
