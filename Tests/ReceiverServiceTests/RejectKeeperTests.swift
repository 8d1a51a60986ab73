// How many refused requests are kept, and which.
import Model
import Signatures
import Synchronization
import Telemetry
import Testing

@testable import ReceiverService
@testable import Settings

@Suite struct RejectKeeperTests {
  final class MemoryStore: RejectStore {
    let kept = Mutex<[RejectedRequest]>([])
    let isFull = Atomic(false)

    func store(key: String, value: [UInt8], headers: HeaderList) -> Bool {
      guard !isFull.load(ordering: .relaxed),
        let request = RejectedRequest(recordHeaders: headers, value: value)
      else { return false }
      kept.withLock { $0.append(request) }
      return true
    }
  }

  let store = MemoryStore()
  let registry = MetricRegistry()

  func makeKeeper(perMinute: Int, bodyBytesMax: Int = 100) -> RejectKeeper? {
    var settings = ReceiverSettings.defaults
    settings.rejectsPerMinuteMax = perMinute
    settings.rejectsBodyBytesMax = bodyBytesMax
    return RejectKeeper(settings, store: store, loops: 1, registry: registry)
  }

  func source(_ name: String) throws -> SourceGuard {
    let configuration = try Harness.configuration(kafka: "127.0.0.1:1", [])
    let plan = try #require(try BootChecks.plans(configuration).first { $0.settings.name == name })
    return try SourceGuard(plan, metrics: SourceMetrics(registry, source: name))
  }

  func note(
    _ keeper: RejectKeeper, _ source: SourceGuard, _ rejection: Rejection = .signatureMismatch,
    body: String = "b", atMs: Int64 = 60_000
  ) {
    RequestView.with(
      method: "POST", target: "/hooks/x?secret=1", headers: [("A", "b")], body: Array(body.utf8)
    ) { keeper.note($0, rejection, source: source, nowMs: atMs) }
  }

  @Test func offUnlessAskedFor() {
    #expect(makeKeeper(perMinute: 0) == nil)
    #expect(RejectKeeper(.defaults, store: nil, loops: 1, registry: registry) == nil)
  }

  @Test func theFirstOfEachMinuteAndSource() throws {
    let keeper = try #require(makeKeeper(perMinute: 2))
    let (own, crm) = (try source("own"), try source("crm"))
    for _ in 0..<5 { note(keeper, own) }
    note(keeper, crm)
    note(keeper, own, atMs: 119_999)
    note(keeper, own, atMs: 120_000)
    #expect(store.kept.withLock { $0.map(\.source) } == ["own", "own", "crm", "own"])
    #expect(registry.counter(MetricCatalogue.receiverRejectsKept).value == 4)
    #expect(registry.counter(MetricCatalogue.receiverRejectsDropped).value == 4)
  }

  @Test func onlyWhatVerificationRefused() throws {
    let keeper = try #require(makeKeeper(perMinute: 100))
    let own = try source("own")
    for rejection in Rejection.allCases where rejection.status != 401 {
      note(keeper, own, rejection)
    }
    #expect(store.kept.withLock { $0.isEmpty })
  }

  @Test func bodiesAndQueriesAreKeptOnlyWhereTheyMayBe() throws {
    let keeper = try #require(makeKeeper(perMinute: 100, bodyBytesMax: 3))
    let (own, crm) = (try source("own"), try source("crm"))
    note(keeper, own, body: "long")
    note(keeper, crm, body: "abc")
    let kept = store.kept.withLock { $0 }
    #expect(kept.map(\.body) == [nil, Array("abc".utf8)])
    #expect(kept.map(\.bodyBytes) == [4, 3])
    // HubSpot signs the URL, so that verifying again needs all of it.
    #expect(kept.map(\.target) == ["/hooks/x", "/hooks/x?secret=1"])
  }

  @Test func aFullQueueIsCounted() throws {
    let keeper = try #require(makeKeeper(perMinute: 100))
    store.isFull.store(true, ordering: .relaxed)
    note(keeper, try source("own"))
    #expect(registry.counter(MetricCatalogue.receiverRejectsDropped).value == 1)
  }
}
