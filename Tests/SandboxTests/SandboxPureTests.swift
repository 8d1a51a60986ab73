// What needs no socket: the script, the delivery queue, request parsing.

import Testing

@testable import Sandbox

@Suite struct SandboxPureTests {
  @Test func aScriptRepeatsWithItsSeed() {
    var options = ChangeScript.Options()
    options.changeCount = 2000
    options.recordCount = 100
    options.poisonCount = 3
    options.seed = 5
    let first = Array(ChangeScript(options))
    #expect(first == Array(ChangeScript(options)))
    options.seed = 6
    #expect(first != Array(ChangeScript(options)))
    #expect(first.count == 2003)
    #expect(first.filter { $0 == .poison }.count == 3)
    var uses: [String: Int] = [:]
    var gone: Set<String> = []
    for change in first {
      switch change {
      case .put(_, let id, let properties):
        #expect(!gone.contains(id))
        #expect(uses[id] != nil || properties.count == 3)
        uses[id, default: 0] += 1
      case .delete(_, let id):
        #expect(uses[id] != nil)
        #expect(gone.insert(id).inserted)
      case .poison: break
      }
    }
    #expect(!gone.isEmpty)
    // Skewed: the ten busiest ids take far more than their even share of a tenth.
    let busiest = uses.values.sorted(by: >).prefix(10).reduce(0, +)
    #expect(busiest > 500)
  }

  @Test func theQueueHoldsItsLimits() {
    var options = WebhookOptions(url: "http://127.0.0.1:1/") { _, _, _, _ in [] }
    options.inFlightRequestsMax = 2
    options.batchEventsMax = 3
    options.lingerMs = 50
    options.attemptsMax = 2
    var table = ObjectTable(portalId: 1)
    let events = (1...7).flatMap { table.put("contact", "\($0)", ["a": "b"], nowMs: 1) }
    var queue = DeliveryQueue(options)
    queue.add(events, nowMs: 1000)
    let first = queue.start(nowMs: 1000)
    #expect(first.map(\.eventCount) == [3, 3])
    #expect(queue.nextDueMs == 1050)
    #expect(queue.start(nowMs: 1050).isEmpty, "both slots are taken")
    #expect(queue.nextDueMs == nil)
    queue.finished(first[0], isAccepted: true, retryAfterMs: nil, nowMs: 1060)
    let second = queue.start(nowMs: 1060)
    #expect(second.map(\.eventCount) == [1])
    queue.finished(first[1], isAccepted: false, retryAfterMs: 4000, nowMs: 1070)
    #expect(queue.nextDueMs == 5070)
    #expect(queue.start(nowMs: 5069).isEmpty)
    let again = queue.start(nowMs: 5070)
    #expect(again.map(\.attempt) == [1])
    #expect(again[0].content == first[1].content)
    queue.finished(again[0], isAccepted: false, retryAfterMs: nil, nowMs: 5080)
    queue.finished(second[0], isAccepted: true, retryAfterMs: nil, nowMs: 5080)
    #expect(queue.progress.isIdle)
    #expect(queue.progress.eventsAccepted == 4)
    #expect(queue.progress.eventsRefused == 3)
    #expect(queue.start(nowMs: 99_999).isEmpty)
  }

  @Test func targetsAreDecoded() {
    let request = SandboxRequest(
      method: "GET", target: "/crm//v3/a%2Fb/%zz?properties=x%2Cy+z&flag&k=a=b")
    #expect(request.path == ["crm", "v3", "a/b", "%zz"])
    #expect(request.query.map(\.name) == ["properties", "flag", "k"])
    #expect(request.query.map(\.value) == ["x,y z", "", "a=b"])
  }

  @Test func typesHaveOneName() {
    for (name, expected) in [
      "contacts": "contact", "companies": "company", "0-3": "deal", "ticket": "ticket",
      "parcels": "parcel", "s": "s",
    ] { #expect(SandboxRecord.canonicalType(name) == expected) }
  }
}
