// The limiter against simulated destinations: constant, limited, noisy, slower than before.
import Model
import Testing

@testable import Lanes

@Suite struct ConcurrencyLimiterTests {
  private static func limiter(_ limitMax: Int, start: Int = 16) -> ConcurrencyLimiter {
    var limits = ConcurrencyLimiter.Limits(limitMax: limitMax)
    limits.limitStart = start
    return ConcurrencyLimiter(limits)
  }

  @Test func placesAreCounted() throws {
    var limiter = Self.limiter(2)
    let first = limiter.tryAcquire()
    let second = limiter.tryAcquire()
    let third = limiter.tryAcquire()
    let isFull = third == nil
    #expect(isFull)
    limiter.abandon(try #require(first))
    #expect(limiter.inFlight == 1)
    limiter.release(try #require(second), latencyUs: 1000, isOverload: false, nowMs: 1)
    #expect(limiter.inFlight == 0)
  }

  @Test func aPlaceIsGivenBackOnce() async {
    await #expect(processExitsWith: .failure) {
      var limiter = ConcurrencyLimiter(.init(limitMax: 2))
      guard let place = limiter.tryAcquire() else { return }
      limiter.abandon(place)
      limiter.abandon(place)
    }
  }

  @Test func constantLatencyReachesTheMaximumInASecond() {
    var server = ServerSimulation(Self.limiter(1000))
    _ = server.run(forMs: 1000)
    #expect(server.limiter.limit >= 950)
    let later = server.run(forMs: 30_000)
    #expect(later.limits.allSatisfy { $0 >= 950 })
    #expect(later.calls >= 285_000, "95 % of slots over latency")
  }

  @Test(arguments: [1000, 10_000, 1_000_000])
  func constantLatencyOfAnyLength(serviceUs: Int) {
    var server = ServerSimulation(Self.limiter(200))
    server.serviceUs = Double(serviceUs)
    _ = server.run(forMs: max(500, serviceUs / 100))
    #expect(server.limiter.limit >= 190)
  }

  @Test(arguments: 1...3)
  func noiseAloneDoesNotHoldItBack(seed: UInt64) {
    var server = ServerSimulation(Self.limiter(500), seed: seed)
    server.isNoisy = true
    _ = server.run(forMs: 15_000)
    let later = server.run(forMs: 15_000)
    #expect(later.limitMean >= 475, "seed \(seed)")
  }

  /// More than `capacity` only waits in the destination's queue.
  @Test(arguments: [10, 100, 400], [false, true])
  func settlesNearTheCapacity(capacity: Int, isNoisy: Bool) {
    var server = ServerSimulation(Self.limiter(2000))
    server.capacity = capacity
    server.isNoisy = isNoisy
    _ = server.run(forMs: 10_000)
    let later = server.run(forMs: 30_000)
    let what = "limit \(later.limitMean), latency \(later.latencyMeanUs / 1000) ms"
    #expect(later.limitMean >= 0.95 * Double(capacity), "\(what)")
    #expect(later.limitMean <= 1.4 * Double(capacity) + 15, "\(what)")
    #expect(later.latencyMeanUs <= 155_000 || capacity == 10, "\(what)")
    #expect(later.calls >= capacity * 300 * 90 / 100, "\(what), calls \(later.calls)")
  }

  @Test func followsACapacityThatShrinksAndGrows() {
    var server = ServerSimulation(Self.limiter(1000))
    server.capacity = 400
    _ = server.run(forMs: 10_000)
    server.capacity = 100
    _ = server.run(forMs: 10_000)
    #expect((90...180).contains(server.limiter.limit), "limit \(server.limiter.limit)")
    server.capacity = 800
    _ = server.run(forMs: 20_000)
    #expect(server.limiter.limit >= 760, "limit \(server.limiter.limit)")
  }

  /// Three times the latency, whatever the load: fewer calls would not help.
  @Test func aSlowerDestinationIsLearnt() {
    var server = ServerSimulation(Self.limiter(500))
    _ = server.run(forMs: 5000)
    server.serviceUs = 300_000
    _ = server.run(forMs: 20_000)
    #expect(server.limiter.limit >= 475, "limit \(server.limiter.limit)")
    server.serviceUs = 50_000
    let later = server.run(forMs: 5000)
    #expect(later.limits.suffix(1000).allSatisfy { $0 >= 475 })
  }

  @Test func overloadCutsOnceALatency() {
    var limiter = Self.limiter(100, start: 100)
    let places = (0..<100).compactMap { _ in limiter.tryAcquire() }
    #expect(places.count == 100)
    for place in places[..<50] {
      limiter.release(place, latencyUs: 5000, isOverload: true, nowMs: 1000)
    }
    #expect(limiter.limit == 70)
    #expect(limiter.phase == .steady)
    limiter.release(places[50], latencyUs: 5000, isOverload: true, nowMs: 1100)
    #expect(limiter.limit == 49)
    let isFull = limiter.tryAcquire() == nil
    #expect(isFull, "49 are under way still")
  }

  @Test func neverBelowOne() throws {
    var limiter = Self.limiter(100)
    for round in 0..<100 {
      let taken = limiter.tryAcquire()
      let place = try #require(taken)
      limiter.release(place, latencyUs: 5000, isOverload: true, nowMs: Int64(round) * 1000)
    }
    #expect(limiter.limit == 1)
  }

  /// Calls without a result leave no hole in a cohort: learning goes on.
  @Test func abandonedCallsDoNotStopLearning() {
    var limiter = Self.limiter(1000)
    for round in 0..<1000 {
      let places = (0..<limiter.limit).compactMap { _ in limiter.tryAcquire() }
      for (index, place) in places.enumerated() {
        if (index + round) % 2 == 0 {
          limiter.abandon(place)
        } else {
          limiter.release(place, latencyUs: 9000, isOverload: false, nowMs: Int64(round) * 10)
        }
      }
    }
    #expect(limiter.limit == 1000)
  }

  /// A destination that refuses what it cannot do soon.
  @Test func refusalsAreKeptRare() {
    var server = ServerSimulation(Self.limiter(1000))
    server.capacity = 100
    server.queueUsMax = 20_000
    _ = server.run(forMs: 5000)
    let later = server.run(forMs: 30_000)
    #expect(later.overloads * 50 <= later.calls, "\(later.overloads) of \(later.calls)")
    #expect(later.limitMean >= 80, "limit \(later.limitMean)")
  }

  @Test func growsOnlyWhenUsed() {
    var server = ServerSimulation(Self.limiter(1000))
    server.demand = 10
    _ = server.run(forMs: 10_000)
    #expect(server.limiter.limit == 16)
    server.demand = 100
    _ = server.run(forMs: 10_000)
    #expect((100...128).contains(server.limiter.limit))
  }

  @Test func baselineProbesKeepTheQueueFromGrowing() {
    var server = ServerSimulation(Self.limiter(2000))
    server.capacity = 200
    var phases: Set<String> = []
    for _ in 0..<1000 {
      _ = server.run(forMs: 50)
      switch server.limiter.phase {
      case .starting: phases.insert("starting")
      case .steady: phases.insert("steady")
      case .measuring: phases.insert("measuring")
      }
    }
    #expect(phases.count == 3)
    let later = server.run(forMs: 10_000)
    #expect(later.limitMean <= 280, "limit \(later.limitMean)")
  }
}
