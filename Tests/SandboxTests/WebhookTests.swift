// Webhooks from changes, over real HTTP.

import HTTPClient
import Sandbox
import Synchronization
import Testing

@Suite struct WebhookTests {
  private func options(
    _ port: Int, _ change: (inout WebhookOptions) -> Void = { _ in }
  ) -> SandboxOptions {
    var webhooks = WebhookOptions(
      url: "http://127.0.0.1:\(port)/hooks/crm", publicURL: "https://public.example/hooks/crm"
    ) { method, url, body, timestampMs in
      [("X-Signed", "\(method) \(url) \(body.count)"), ("X-Time", "\(timestampMs)")]
    }
    webhooks.retryBaseMs = 1
    change(&webhooks)
    var options = SandboxOptions()
    options.webhooks = webhooks
    return options
  }

  @Test func changesYieldSignedHubSpotEvents() async throws {
    let receiver = WebhookReceiver()
    // One after the other, so that their order is seen.
    let server = try SandboxServer(
      options(try await receiver.start()) { $0.inFlightRequestsMax = 1 })
    _ = try await server.start()
    server.put("contacts", "7", ["email": "a"])
    server.put("contact", "7", ["email": "b", "city": "c"])
    server.put("contact", "7", ["email": "b"])
    server.delete("contact", "7")
    await server.waitUntilDelivered()
    let requests = receiver.seen
    for request in requests {
      #expect(request.uri == "/hooks/crm")
      #expect(request.headers["content-type"] == "application/json")
      #expect(
        request.headers["x-signed"]
          == "POST https://public.example/hooks/crm \(request.body.count)")
      #expect((Int64(request.headers["x-time"] ?? "") ?? 0) > 1_600_000_000_000)
    }
    let events = requests.flatMap(\.events)
    #expect(
      events.map(\.subscriptionType) == [
        "contact.creation", "contact.propertyChange", "contact.propertyChange", "contact.deletion",
      ])
    #expect(events.map(\.propertyName) == [nil, "city", "email", nil])
    #expect(events.map(\.propertyValue) == [nil, "c", "b", nil])
    #expect(events.allSatisfy { $0.objectId == 7 && $0.portalId == 62515 })
    #expect(events.allSatisfy { $0.attemptNumber == 0 })
    #expect(Set(events.map(\.eventId)).count == 4)
    #expect(events.last?.occurredAt == server.allRecords().first?.updatedAtMs)
    #expect(server.progress.eventsAccepted == 4)
    await server.stop()
    await receiver.stop()
  }

  @Test func refusedRequestsComeAgainAndAreCounted() async throws {
    let receiver = WebhookReceiver { number, _ in
      switch number {
      case 0: WebhookReceiver.Answer(status: 503, headers: [("Retry-After", "1")])
      case 1: WebhookReceiver.Answer(status: 401)
      default: WebhookReceiver.Answer(status: 200)
      }
    }
    // Retry-After is honoured up to retryMaxMs.
    let server = try SandboxServer(options(try await receiver.start()) { $0.retryMaxMs = 60 })
    _ = try await server.start()
    let start = ContinuousClock.now
    server.put("contact", "7", ["email": "a"])
    await server.waitUntilDelivered()
    #expect(ContinuousClock.now - start >= .milliseconds(60))
    let events = receiver.seen.flatMap(\.events)
    #expect(events.map(\.attemptNumber) == [0, 1, 2])
    #expect(Set(events.map(\.eventId)).count == 1)
    let progress = server.progress
    #expect(progress.requestsSent == 3)
    #expect(progress.requestsRetried == 2)
    #expect(progress.requestsAccepted == 1)
    #expect(progress.eventsAccepted == 1)
    await server.stop()
    await receiver.stop()
  }

  @Test func attemptsEndAndAMissingReceiverIsARefusal() async throws {
    let receiver = WebhookReceiver { _, _ in WebhookReceiver.Answer(status: 404) }
    let port = try await receiver.start()
    let server = try SandboxServer(options(port) { $0.attemptsMax = 3 })
    _ = try await server.start()
    server.put("contact", "7", ["email": "a"])
    await server.waitUntilDelivered()
    #expect(receiver.seen.count == 3)
    #expect(server.progress.requestsRefused == 1)
    #expect(server.progress.eventsRefused == 1)
    await receiver.stop()
    server.put("contact", "7", ["email": "b"])
    await server.waitUntilDelivered()
    #expect(server.progress.requestsRefused == 2)
    await server.stop()
  }

  /// Everything that can go wrong on purpose; the books must balance.
  @Test(arguments: [3, 11] as [UInt64]) func aScriptedRunBalances(_ seed: UInt64) async throws {
    let receiver = WebhookReceiver { number, _ in
      WebhookReceiver.Answer(status: number % 5 == 4 ? 500 : 204)
    }
    let server = try SandboxServer(
      options(try await receiver.start()) {
        $0.seed = seed
        $0.duplicateRate = 0.2
        $0.lossRate = 0.05
        $0.shuffleWindow = 20
        $0.batchEventsMax = 10
        $0.lingerMs = 2
      })
    let port = try await server.start()
    var script = ChangeScript.Options()
    script.seed = seed
    script.changeCount = 600
    script.recordCount = 50
    script.poisonCount = 4
    await server.run(ChangeScript(script))
    await server.waitUntilDelivered()

    let accepted = receiver.seen.enumerated().filter { $0.offset % 5 != 4 }.map(\.element)
    let events = accepted.flatMap(\.events)
    let progress = server.progress
    #expect(events.allSatisfy { $0.objectId != nil } == false, "seed \(seed)")
    let keyed = events.filter { $0.objectId != nil }
    #expect(keyed.count == progress.eventsAccepted, "seed \(seed)")
    #expect(
      progress.eventsAccepted
        == progress.events - progress.eventsLost + progress.eventsDuplicated, "seed \(seed)")
    #expect(
      Set(keyed.map(\.eventId)).count == progress.events - progress.eventsLost, "seed \(seed)")
    #expect(progress.eventsLost > 0 && progress.eventsDuplicated > 0, "seed \(seed)")
    #expect(progress.poisonBodies == 4, "seed \(seed)")
    #expect(keyed.map(\.eventId) != keyed.map(\.eventId).sorted(), "seed \(seed)")
    #expect(accepted.allSatisfy { $0.events.count <= 10 }, "seed \(seed)")
    #expect(progress.isIdle, "seed \(seed)")

    // What the control endpoint lists is what the API answers.
    let session = try HTTPSession()
    for record in server.allRecords() {
      let response = try await session.send(
        HTTPRequest(
          url: "http://127.0.0.1:\(port)/crm/v3/objects/contacts/\(record.id)",
          headers: ["Authorization": "Bearer sandbox-token"]))
      #expect(response.status == (record.isDeleted ? 404 : 200))
      #expect(
        record.isDeleted
          || response.body == server.apiObject("contact", record.id, properties: []))
    }
    await session.close()
    await server.stop()
    await receiver.stop()
  }

  @Test func targetAndPoisonAreSetOverHTTP() async throws {
    let receiver = WebhookReceiver()
    let port = try await receiver.start()
    let server = try SandboxServer(options(1))
    let base = "http://127.0.0.1:\(try await server.start())"
    let session = try HTTPSession()
    let moved = try await session.send(
      HTTPRequest(
        method: "PUT", url: base + "/sandbox/webhook",
        body: Array(#"{"url":"http://127.0.0.1:\#(port)/h"}"#.utf8)))
    #expect(moved.status == 204)
    let poison = try await session.send(
      HTTPRequest(
        method: "POST", url: base + "/sandbox/poison", body: Array(#"{"count":2}"#.utf8)))
    #expect(poison.status == 204)
    await server.waitUntilDelivered()
    #expect(receiver.seen.count == 2)
    #expect(receiver.seen.allSatisfy { $0.headers["x-signed"]?.contains("/h ") == true })
    #expect(receiver.seen.flatMap(\.events).allSatisfy { $0.objectId == nil })
    await session.close()
    await server.stop()
    await receiver.stop()
  }

  @Test func stopEndsTheWaitForDelivery() async throws {
    let server = try SandboxServer(options(1) { $0.retryBaseMs = 60_000 })
    _ = try await server.start()
    server.put("contact", "7", ["email": "a"])
    async let delivered: Void = server.waitUntilDelivered()
    for await progress in server.progressUpdates() where progress.requestsSent > 0 { break }
    await server.stop()
    await delivered
    #expect(!server.progress.isIdle)
    await server.stop()
  }
}
