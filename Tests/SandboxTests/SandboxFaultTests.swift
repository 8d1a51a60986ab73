// Faults that last for a while, tokens that expire, limits, outages: over HTTP and as plain values.

import Foundation
import HTTPClient
import Testing

@testable import Sandbox

@Suite struct SandboxFaultTests {
  private static let read = "/crm/v3/objects/contact/1"

  @Test func aStormAsksToWaitAndCountsWhoDoesNot() {
    var plan = FaultPlan()
    var faults = SandboxFaults()
    faults.throttleForMs = 500
    faults.retryAfterS = 1
    plan.set(faults, nowMs: 10_000)
    #expect(plan.verdict(nowMs: 10_000).refusal == .throttled(retryAfter: "1"))
    // On its way when the answer was: nobody's fault.
    #expect(plan.verdict(nowMs: 10_050).refusal == .throttled(retryAfter: "1"))
    #expect(plan.reads.callsWhileThrottled == 0)
    #expect(plan.verdict(nowMs: 10_499).refusal != nil)
    #expect(plan.verdict(nowMs: 10_500).refusal == nil, "the storm is over, the wait is not")
    #expect(plan.reads.callsWhileThrottled == 2)
    #expect(plan.verdict(nowMs: 11_500).refusal == nil)
    #expect(plan.reads.callsWhileThrottled == 2)
    #expect(plan.reads.throttled == 3)
    #expect(plan.faults(nowMs: 10_200).throttleForMs == 300)
    #expect(plan.faults(nowMs: 99_999).throttleForMs == 0)
  }

  @Test func retryAfterComesAsADateToo() {
    #expect(HTTPDate.text(ms: 784_111_777_999) == "Sun, 06 Nov 1994 08:49:37 GMT")
    #expect(HTTPDate.text(ms: 0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    var plan = FaultPlan()
    var faults = SandboxFaults()
    faults.throttleForMs = 1
    faults.retryAfterIsDate = true
    faults.latencyMs = 20
    plan.set(faults, nowMs: 784_111_776_100)
    let verdict = plan.verdict(nowMs: 784_111_776_100)
    // Answered at .120, one second on is :37.120; a date has whole seconds only.
    #expect(verdict.refusal == .throttled(retryAfter: "Sun, 06 Nov 1994 08:49:38 GMT"))
    _ = plan.verdict(nowMs: 784_111_777_900)
    #expect(plan.reads.callsWhileThrottled == 1)
    _ = plan.verdict(nowMs: 784_111_778_000)
    #expect(plan.reads.callsWhileThrottled == 1)
  }

  @Test func burstsAndDeathsEndByThemselves() {
    var plan = FaultPlan()
    var faults = SandboxFaults()
    faults.errorForMs = 100
    faults.errorStatus = 502
    faults.deadForMs = 50
    plan.set(faults, nowMs: 1000)
    let deaths = [1049, 1050].map { plan.isDead(nowMs: $0) }
    #expect(deaths == [true, false])
    #expect(plan.reads.dropped == 1)
    #expect(plan.verdict(nowMs: 1099).refusal == .status(502))
    #expect(plan.verdict(nowMs: 1100).refusal == nil)
  }

  @Test func thePerSecondLimitIsABucket() {
    var plan = FaultPlan()
    var faults = SandboxFaults()
    faults.requestsPerSecondMax = 10
    plan.set(faults, nowMs: 0)
    let first = (0..<12).map { _ in plan.verdict(nowMs: 5000).refusal == nil }
    #expect(first == Array(repeating: true, count: 10) + [false, false])
    #expect(plan.verdict(nowMs: 5099).refusal == .throttled(retryAfter: "1"))
    #expect(plan.verdict(nowMs: 5100).refusal == nil)
    #expect(plan.verdict(nowMs: 5100).refusal != nil)
    let later = (0..<20).map { _ in plan.verdict(nowMs: 9000).refusal == nil }
    #expect(later.count { $0 } == 10)
  }

  @Test func slowAnswersRepeatWithTheirSeed() {
    func delays(_ seed: UInt64) -> [Int64] {
      var plan = FaultPlan()
      var faults = SandboxFaults()
      faults.seed = seed
      faults.latencyMs = 2
      faults.latencyJitterMs = 3
      faults.slowRate = 0.2
      faults.slowMs = 100
      plan.set(faults, nowMs: 0)
      return (0..<100).map { _ in plan.verdict(nowMs: 1).delayMs }
    }
    #expect(delays(4) == delays(4))
    #expect(delays(4) != delays(5))
    #expect(delays(4).allSatisfy { (2...5).contains($0) || (102...105).contains($0) })
    #expect((5...40).contains(delays(4).count { $0 > 100 }))
  }

  @Test func aLaggingReplicaShowsThePast() throws {
    var table = ObjectTable(portalId: 1)
    for (number, timeMs) in [(1, 1000), (2, 1100), (3, 1200)] as [(Int, Int64)] {
      _ = table.put("contact", "1", ["email": "\(number)"], nowMs: timeMs)
    }
    _ = table.delete("contact", "1", nowMs: 1300)
    let record = try #require(table.record("contact", "1"))
    func email(_ atMs: Int64) -> String? {
      record.state(atMs: atMs).map { $0.isDeleted ? "deleted" : $0.properties["email"] ?? "" }
    }
    #expect(email(999) == nil)
    #expect(email(1000) == "1")
    #expect(email(1099) == "1")
    #expect(email(1100) == "2")
    #expect(email(1299) == "3")
    #expect(email(1300) == "deleted")
    #expect(record.state(atMs: 1150)?.updatedAtMs == 1100)
  }

  @Test func onlySomeReplicasLag() {
    var plan = FaultPlan()
    var faults = SandboxFaults()
    faults.staleForMs = 70
    faults.staleRate = 0.5
    plan.set(faults, nowMs: 0)
    let sights = (0..<200).map { _ in plan.sight() }
    #expect(Set(sights.map { "\($0)" }).count == 2)
    #expect(sights.contains(.now) && sights.contains(.past(ms: 70)))
  }

  @Test func changesShareATimestampWhenToldTo() {
    var table = ObjectTable(portalId: 1)
    table.hasEqualTimestamps = true
    var times: Set<Int64> = []
    for number in 0..<5 {
      _ = table.put("contact", "1", ["email": "\(number)"], nowMs: 7100 + Int64(number) * 100)
      times.insert(table.record("contact", "1")?.updatedAtMs ?? 0)
    }
    #expect(times == [7000])
  }

  private func token(
    _ crm: Running, _ grant: String, secret: String = "sandbox-client-secret"
  ) async throws -> HTTPResponse {
    try await crm.send(
      "POST", "/oauth/v1/token", "client_id=sandbox-client&client_secret=\(secret)&\(grant)")
  }

  @Test func tokensAreIssuedAndExpire() async throws {
    let crm = try await Running()
    crm.server.put("contact", "1", ["email": "a"])
    let refresh = "grant_type=refresh_token&refresh_token=sandbox-refresh-token"
    let answer = try json(try await token(crm, refresh))
    #expect(answer["token_type"] as? String == "bearer")
    #expect(answer["expires_in"] as? Int == 1800)
    #expect(answer["refresh_token"] as? String == "sandbox-refresh-token")
    let first = try #require(answer["access_token"] as? String)
    #expect(try await crm.send("GET", Self.read, token: first).status == 200)
    _ = try await crm.send("POST", "/sandbox/faults", #"{"tokenRequestsMax":3}"#)
    let batch = #"{"inputs":[{"id":"1"}]}"#
    let path = "/crm/v3/objects/contact/batch/read"
    // One request is behind it: two more are good, then it ends between two batches.
    var statuses: [Int] = []
    for _ in 0..<3 {
      statuses.append(try await crm.send("POST", path, batch, token: first).status)
    }
    #expect(statuses == [200, 200, 401])
    let client = try json(try await token(crm, "grant_type=client_credentials"))
    #expect(client["refresh_token"] == nil)
    let second = try #require(client["access_token"] as? String)
    #expect(second != first)
    #expect(try await crm.send("POST", path, batch, token: second).status == 200)
    #expect(try await crm.send("GET", Self.read).status == 200, "the fixed token never expires")
    #expect(crm.server.reads.tokensIssued == 2)
    #expect(crm.server.reads.unauthorized == 1)
    #expect(try await token(crm, refresh + "x").status == 400)
    #expect(try await token(crm, "grant_type=password").status == 400)
    #expect(try await token(crm, refresh, secret: "x").status == 401)
    _ = try await crm.send("POST", "/sandbox/faults", #"{"tokenErrorNext":1}"#)
    #expect(try await token(crm, refresh).status == 503)
    #expect(try await token(crm, refresh).status == 200)
    await crm.stop()
  }

  @Test func tokensExpireByTime() {
    var tokens = TokenTable(SandboxOptions())
    var faults = SandboxFaults()
    faults.tokenForMs = 2500
    let issued = tokens.issue(["grant_type": "client_credentials"], faults: faults, nowMs: 1000)
    #expect(issued.expiresIn == 2)
    let header = "Bearer \(issued.accessToken)"
    let answers = [3499, 3500].map { tokens.take(header, faults: faults, nowMs: $0) }
    #expect(answers == [true, false])
    let strangers = ["Bearer x", "Basic x", nil].map { tokens.take($0, faults: faults, nowMs: 1) }
    #expect(strangers == [false, false, false])
  }

  @Test func readsAreCountedByKind() async throws {
    let crm = try await Running()
    for id in 1...3 { crm.server.put("contact", "\(id)", ["email": "a"]) }
    _ = try await crm.send("GET", Self.read)
    _ = try await crm.send("GET", "/crm/v3/objects/contact/99")
    let batch = #"{"inputs":[{"id":"1"},{"id":"2"},{"id":"9"}]}"#
    _ = try await crm.send("POST", "/crm/v3/objects/contact/batch/read", batch)
    #expect(crm.server.reads.singles == 2)
    #expect(crm.server.reads.batchCalls == 1)
    #expect(crm.server.reads.batchIds == 3)
    #expect(crm.server.reads.ids == 5)
    _ = try await crm.send("POST", "/sandbox/faults", #"{"throttleForMs":60000}"#)
    #expect(try await crm.send("GET", Self.read).status == 429)
    let stats = try json(try await crm.send("GET", "/sandbox/stats"))
    let reads = try #require(stats["reads"] as? [String: Any])
    #expect(reads["throttled"] as? Int == 1)
    #expect(reads["singles"] as? Int == 2)
    await crm.stop()
  }

  @Test func aRecordCanBeStuck() async throws {
    let crm = try await Running()
    for id in 1...2 { crm.server.put("contact", "\(id)", ["email": "a"]) }
    _ = try await crm.send("POST", "/sandbox/faults", #"{"stuckIds":["1"]}"#)
    let path = "/crm/v3/objects/contact/batch/read"
    #expect(try await crm.send("GET", Self.read).status == 503)
    #expect(try await crm.send("GET", "/crm/v3/objects/contact/2").status == 200)
    #expect(try await crm.send("POST", path, #"{"inputs":[{"id":"2"},{"id":"1"}]}"#).status == 503)
    #expect(try await crm.send("POST", path, #"{"inputs":[{"id":"2"}]}"#).status == 200)
    await crm.stop()
  }

  @Test func anAPICanGoAwayAndComeBack() async throws {
    let crm = try await Running()
    crm.server.put("contact", "1", ["email": "a"])
    #expect(try await crm.send("GET", Self.read).status == 200)
    await crm.server.goAway()
    await #expect(throws: HTTPError.self) { try await crm.send("GET", Self.read) }
    try await crm.server.comeBack()
    try await crm.server.comeBack()
    #expect(try await crm.send("GET", Self.read).status == 200)
    _ = try await crm.send("POST", "/sandbox/faults", #"{"deadForMs":60000}"#)
    await #expect(throws: HTTPError.self) { try await crm.send("GET", Self.read) }
    // The control endpoints live on.
    #expect(try await crm.send("POST", "/sandbox/faults", #"{"deadForMs":0}"#).status == 200)
    #expect(try await crm.send("GET", Self.read).status == 200)
    #expect(crm.server.reads.dropped >= 1)
    #expect(try await crm.send("POST", "/sandbox/faults", #"{"slowMs":70000}"#).status == 400)
    #expect(try await crm.send("POST", "/sandbox/faults", #"{"deadForMs":-1}"#).status == 400)
    await crm.stop()
  }
}
