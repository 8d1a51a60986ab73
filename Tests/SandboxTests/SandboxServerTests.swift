// The fake CRM's API and its control endpoints over real HTTP.

import Foundation
import HTTPClient
import Sandbox
import Testing

/// A running sandbox with a client.
final class Running: Sendable {
  let server: SandboxServer
  let session: HTTPSession
  let base: String

  init(_ options: SandboxOptions = SandboxOptions()) async throws {
    server = try SandboxServer(options)
    base = "http://127.0.0.1:\(try await server.start())"
    session = try HTTPSession()
  }

  func stop() async {
    await session.close()
    await server.stop()
  }

  func send(
    _ method: String, _ path: String, _ body: String? = nil, token: String = "sandbox-token"
  ) async throws -> HTTPResponse {
    try await session.send(
      HTTPRequest(
        method: method, url: base + path, headers: ["Authorization": "Bearer \(token)"],
        body: body.map { Array($0.utf8) }))
  }
}

func json(_ response: HTTPResponse) throws -> [String: Any] {
  try #require(
    try JSONSerialization.jsonObject(with: Data(response.body)) as? [String: Any])
}

@Suite struct SandboxServerTests {
  @Test func objectsAreReadByBothNamesAndByProperty() async throws {
    let crm = try await Running()
    crm.server.put("contact", "42", ["email": "a@example.com", "city": "Łódź"])
    for type in ["contact", "contacts", "0-1"] {
      let response = try await crm.send(
        "GET", "/crm/v3/objects/\(type)/42?properties=email,city&properties=fax")
      #expect(response.status == 200)
      #expect(response.headers["X-HubSpot-RateLimit-Max"] == "1000000")
      #expect(response.headers["content-type"]?.hasPrefix("application/json") == true)
      let object = try json(response)
      #expect(object["id"] as? String == "42")
      #expect(object["archived"] as? Bool == false)
      let properties = try #require(object["properties"] as? [String: Any])
      #expect(properties["email"] as? String == "a@example.com")
      #expect(properties["city"] as? String == "Łódź")
      #expect(properties["fax"] is NSNull)
      #expect(properties["hs_object_id"] as? String == "42")
      #expect(properties["lastmodifieddate"] as? String == object["updatedAt"] as? String)
      #expect(
        response.body == crm.server.apiObject(type, "42", properties: ["email", "city", "fax"]))
    }
    #expect(try await crm.send("GET", "/crm/v3/objects/contact/43").status == 404)
    #expect(try await crm.send("GET", "/crm/v3/objects/company/42").status == 404)
    #expect(try await crm.send("GET", "/crm/v4/objects/contact/42").status == 404)
    #expect(try await crm.send("PATCH", "/crm/v3/objects/contact/42", "{}").status == 405)
    #expect(try await crm.send("GET", "/crm/v3/objects/contact/42", token: "old").status == 401)
    await crm.stop()
  }

  @Test func batchReadsNameWhatIsMissing() async throws {
    let crm = try await Running()
    for id in ["1", "2"] { crm.server.put("company", id, ["name": "N\(id)"]) }
    let path = "/crm/v3/objects/companies/batch/read"
    let all = try await crm.send(
      "POST", path, #"{"inputs":[{"id":"2"},{"id":"1"}],"properties":["name"]}"#)
    #expect(all.status == 200)
    #expect(try json(all)["status"] as? String == "COMPLETE")
    #expect(try json(all)["errors"] == nil)
    let results = try #require(try json(all)["results"] as? [[String: Any]])
    #expect(results.map { $0["id"] as? String } == ["2", "1"])
    crm.server.delete("company", "2")
    let some = try await crm.send(
      "POST", path, #"{"inputs":[{"id":"1"},{"id":"2"},{"id":"9"}],"properties":["name"]}"#)
    #expect(some.status == 207)
    let errors = try #require(try json(some)["errors"] as? [[String: Any]])
    #expect((errors[0]["context"] as? [String: [String]])?["ids"] == ["2", "9"])
    #expect((try json(some)["results"] as? [Any])?.count == 1)
    #expect(try await crm.send("POST", path, "[").status == 400)
    let many = (0...100).map { #"{"id":"\#($0)"}"# }.joined(separator: ",")
    #expect(try await crm.send("POST", path, "{\"inputs\":[\(many)]}").status == 400)
    await crm.stop()
  }

  @Test func recordsAreSteeredOverHTTP() async throws {
    let crm = try await Running()
    let path = "/sandbox/objects/contacts/7"
    #expect(try await crm.send("PUT", path, #"{"properties":{"email":"a","n":3}}"#).status == 201)
    #expect(try await crm.send("PUT", path, #"{"email":"b","n":null}"#).status == 200)
    #expect(crm.server.allRecords().map(\.properties) == [["email": "b"]])
    #expect(try await crm.send("PUT", "/sandbox/objects/contact/x", "{}").status == 400)
    #expect(try await crm.send("PUT", "/sandbox/objects/contact/0", "{}").status == 400)
    #expect(try await crm.send("PUT", path, "3").status == 400)
    let made = try await crm.send("POST", "/sandbox/objects/contact", #"{"email":"c"}"#)
    #expect(made.status == 201)
    #expect(try json(made)["id"] as? String == "1001")
    #expect(try await crm.send("DELETE", path).status == 204)
    #expect(try await crm.send("DELETE", path).status == 404)
    #expect(try await crm.send("GET", "/crm/v3/objects/contact/7").status == 404)
    let list = try #require(
      try json(try await crm.send("GET", "/sandbox/objects"))["results"] as? [[String: Any]])
    #expect(list.map { $0["id"] as? String } == ["7", "1001"])
    #expect(list.map { $0["archived"] as? Bool } == [true, false])
    #expect(try await crm.send("GET", "/sandbox/health").status == 200)
    #expect(try await crm.send("POST", "/sandbox/poison").status == 409)
    await crm.stop()
  }

  @Test func updatedAtMovesWithEachChange() async throws {
    let crm = try await Running()
    var last: Int64 = 0
    for number in 0..<20 {
      crm.server.put("contact", "1", ["email": "\(number)"])
      let now = try #require(crm.server.allRecords().first?.updatedAtMs)
      #expect(now > last)
      last = now
    }
    crm.server.put("contact", "1", ["email": "19"])
    #expect(crm.server.allRecords().first?.updatedAtMs == last)
    _ = try await crm.send("POST", "/sandbox/faults", #"{"equalTimestamps":true}"#)
    for id in 2...3 { crm.server.put("contact", "\(id)", ["email": "x"]) }
    #expect(crm.server.allRecords().dropFirst().allSatisfy { $0.updatedAtMs % 1000 == 0 })
    await crm.stop()
  }

  @Test func faultsComeOnDemand() async throws {
    let crm = try await Running()
    crm.server.put("contact", "1", ["email": "old"])
    crm.server.put("contact", "1", ["email": "new"])
    let read = "/crm/v3/objects/contact/1"
    func statuses(_ faults: String, _ count: Int) async throws -> [Int] {
      #expect(try await crm.send("POST", "/sandbox/faults", faults).status == 200)
      var statuses: [Int] = []
      for _ in 0..<count { statuses.append(try await crm.send("GET", read).status) }
      return statuses
    }
    _ = try await crm.send("POST", "/sandbox/faults", #"{"throttleNext":1,"retryAfterS":3}"#)
    let throttled = try await crm.send("GET", read)
    #expect(throttled.status == 429)
    #expect(throttled.headers["Retry-After"] == "3")
    #expect(try json(throttled)["policyName"] as? String == "TEN_SECONDLY_ROLLING")
    #expect(try await statuses(#"{"errorNext":2,"errorStatus":502}"#, 3) == [502, 502, 200])
    #expect(try await statuses(#"{"unauthorizedNext":1}"#, 2) == [401, 200])
    _ = try await crm.send("POST", "/sandbox/faults", #"{"staleNext":1}"#)
    #expect(String(decoding: try await crm.send("GET", read).body, as: UTF8.self).contains("old"))
    #expect(String(decoding: try await crm.send("GET", read).body, as: UTF8.self).contains("new"))
    // A replica that far behind does not know of it yet.
    _ = try await crm.send("POST", "/sandbox/faults", #"{"staleForMs":60000}"#)
    #expect(try await crm.send("GET", read).status == 404)
    crm.server.delete("contact", "1")
    _ = try await crm.send("POST", "/sandbox/faults", #"{"staleForMs":0,"staleNext":1}"#)
    #expect(try await crm.send("GET", read).status == 200)
    _ = try await crm.send("DELETE", "/sandbox/faults")
    #expect(try await crm.send("GET", read).status == 404)
    let start = ContinuousClock.now
    _ = try await statuses(#"{"latencyMs":50,"latencyJitterMs":5}"#, 1)
    #expect(ContinuousClock.now - start >= .milliseconds(50))
    _ = try await crm.send("POST", "/sandbox/faults", #"{"latencyMs":0,"latencyJitterMs":0}"#)
    #expect(try await crm.send("POST", "/sandbox/faults", #"{"latencyMs":-1}"#).status == 400)
    let enforced = try await statuses(#"{"isRateEnforced":true,"rateMax":1}"#, 1)
    #expect(enforced == [429])
    await crm.stop()
  }

  @Test func ratesRepeatWithTheirSeed() async throws {
    var runs: [[Int]] = []
    for _ in 0..<2 {
      var options = SandboxOptions()
      options.faults.throttleRate = 0.3
      options.faults.errorRate = 0.3
      options.faults.seed = 17
      let crm = try await Running(options)
      var statuses: [Int] = []
      for _ in 0..<40 {
        statuses.append(try await crm.send("GET", "/crm/v3/objects/contact/1").status)
      }
      runs.append(statuses)
      await crm.stop()
    }
    #expect(runs[0] == runs[1])
    #expect(Set(runs[0]) == [404, 429, 503])
  }

  @Test func requestsAreCountedAndLargeBodiesRefused() async throws {
    var options = SandboxOptions()
    options.bodyBytesMax = 100
    let crm = try await Running(options)
    _ = try await crm.send("GET", "/crm/v3/objects/contact/1")
    _ = try await crm.send("GET", "/crm/v3/objects/contact/1")
    _ = try await crm.send("GET", "/crm/v3/objects/contact/1", token: "x")
    let large = String(repeating: " ", count: 200)
    let refused = try await crm.send("PUT", "/sandbox/objects/contact/1", large)
    #expect(refused.status == 413)
    let reads = crm.server.requestCounts.filter { $0.endpoint == "read" }
    #expect(reads.map(\.status) == [401, 404])
    #expect(reads.map(\.count) == [1, 2])
    let stats = try json(try await crm.send("GET", "/sandbox/stats"))
    #expect((stats["requests"] as? [[String: Any]])?.count == 2)
    #expect((stats["webhooks"] as? [String: Any])?["requestsSent"] as? Int == 0)
    await crm.stop()
  }

  @Test func aTakenPortIsRefusedWithARemedy() async throws {
    let crm = try await Running()
    var options = SandboxOptions()
    options.port = Int(crm.base.split(separator: ":").last ?? "") ?? 0
    let second = try SandboxServer(options)
    let error = await #expect(throws: SandboxError.self) { try await second.start() }
    #expect(error?.remedy.isEmpty == false)
    await second.stop()
    await crm.stop()
  }
}
