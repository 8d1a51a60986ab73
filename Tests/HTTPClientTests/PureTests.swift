// What needs no socket: headers, Retry-After, the status table, slots.

import Model
import Testing

@testable import HTTPClient

@Suite struct PureTests {
  @Test func headersCompareWithoutCase() {
    var headers: HTTPHeaders = ["Content-Type": "text/plain"]
    headers.append("Retry-After", "  7 ")
    headers.append("retry-after", "8")
    #expect(headers["CONTENT-TYPE"] == "text/plain")
    #expect(headers["retry-after"] == "7")
    #expect(headers["Retry"] == nil)
    #expect(headers.fields.count == 3)
    #expect(HTTPHeaders(lines: Array("A: b:c\r\nbroken\r\nD:\r\n".utf8))["a"] == "b:c")
    #expect(HTTPHeaders(lines: Array("A: b:c\r\nbroken\r\nD:\r\n".utf8))["d"] == "")
  }

  // 784111777 is Sun, 06 Nov 1994 08:49:37 GMT.
  @Test(
    arguments: [
      ("0", 0), ("120", 120_000), ("99999999999999999999", RetryAfter.msMax),
      ("Sun, 06 Nov 1994 08:49:37 GMT", 7000), ("Sunday, 06-Nov-94 08:49:37 GMT", 7000),
      ("Sun Nov  6 08:49:37 1994", 7000), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
      ("", nil), ("-1", nil), ("1.5", nil), ("soon", nil), ("12 s", nil), ("Sun, 99 Xyz 1994", nil),
    ] as [(String, Int64?)]) func retryAfter(_ text: String, _ expected: Int64?)
  {
    #expect(RetryAfter.ms(text, nowMs: 784_111_770_000) == expected)
  }

  @Test(
    arguments: [
      (400, .permanent), (401, .auth), (403, .auth), (405, .permanent), (408, .transient),
      (409, .conflict), (412, .conflict), (413, .permanent), (422, .permanent), (423, .transient),
      (425, .transient), (429, .throttled), (477, .transient), (500, .transient), (502, .transient),
      (503, .transient), (504, .transient), (599, .transient), (301, .permanent),
      (302, .permanent), (600, .permanent), (0, .permanent),
    ] as [(Int, FailureClass)]) func statusTable(_ status: Int, _ expected: FailureClass)
  {
    guard case .failed(let failure) = HTTPResponse(status: status).meaning(.enrich, nowMs: 0)
    else {
      Issue.record("\(status) is no failure")
      return
    }
    #expect(failure.failureClass == expected)
    #expect(failure.httpStatus == status)
    #expect(failure.stage == .enrich)
    #expect(failure.retryAfterMs == nil)
  }

  @Test func statusesThatAreNoFailure() {
    for status in [200, 201, 204, 207] {
      #expect(HTTPResponse(status: status).meaning(.write, nowMs: 0) == .ok)
    }
    #expect(HTTPResponse(status: 404).meaning(.enrich, nowMs: 0) == .gone)
    #expect(HTTPResponse(status: 410).meaning(.enrich, nowMs: 0) == .gone)
  }

  @Test(arguments: [429, 503, 477]) func retryAfterThrottles(_ status: Int) {
    let response = HTTPResponse(status: status, headers: ["retry-after": "3"])
    guard case .failed(let failure) = response.meaning(.enrich, nowMs: 0) else {
      Issue.record("no failure")
      return
    }
    #expect(failure.failureClass == .throttled)
    #expect(failure.retryAfterMs == 3000)
  }

  @Test func everyErrorHasAClassAndARemedy() {
    var labels: Set<String> = []
    for code in HTTPError.Code.allCases {
      let error = HTTPError(code, "text")
      #expect(!error.remedy.isEmpty)
      #expect(error.isRetriable == error.failureClass.isRetriable)
      #expect(error.failure(.write) == Failure(error.failureClass, .write, "text"))
      labels.insert(error.label)
    }
    #expect(labels.count == HTTPError.Code.allCases.count)
  }

  /// Random requests, releases and withdrawals against plain arrays.
  @Test(arguments: 0..<200 as Range<UInt64>) func admissionAgainstANaiveModel(_ seed: UInt64) {
    var random = SplitMix64(seed: seed)
    let origins = ["http://a", "http://b", "https://c"].compactMap { HTTPOrigin(url: $0) }
    let (perOrigin, total) = (Int.random(in: 1...3, using: &random), 4)
    var admission = Admission(perOriginMax: perOrigin, totalMax: total, waitingMax: 6)
    var active: [HTTPOrigin: Int] = [:]
    var waiting: [(ticket: UInt64, origin: HTTPOrigin)] = []
    for ticket in 0..<120 as Range<UInt64> {
      let origin = origins[Int.random(in: 0..<3, using: &random)]
      let activeTotal = active.values.reduce(0, +)
      switch Int.random(in: 0..<5, using: &random) {
      case 0...2:
        let hasSlot = active[origin, default: 0] < perOrigin && activeTotal < total
        let expected: Admission.Verdict = hasSlot ? .start : waiting.count < 6 ? .wait : .refuse
        #expect(admission.request(ticket, origin) == expected, "seed \(seed)")
        if expected == .start { active[origin, default: 0] += 1 }
        if expected == .wait { waiting.append((ticket, origin)) }
      case 3 where active[origin, default: 0] > 0:
        active[origin, default: 0] -= 1
        for started in admission.release(origin) {
          let index = waiting.firstIndex { $0.ticket == started } ?? 0
          let (_, its) = waiting.remove(at: index)
          #expect(!waiting[..<index].contains { $0.origin == its }, "overtaken, seed \(seed)")
          active[its, default: 0] += 1
        }
        // Whoever still waits does so for a reason.
        let after = active.values.reduce(0, +)
        #expect(
          waiting.allSatisfy { active[$0.origin, default: 0] == perOrigin || after == total },
          "seed \(seed)")
      case 4 where !waiting.isEmpty:
        let index = Int.random(in: 0..<waiting.count, using: &random)
        let (gone, its) = waiting.remove(at: index)
        admission.withdraw(gone, its)
      default: break
      }
      #expect(admission.waiting == waiting.count, "seed \(seed)")
      #expect(admission.active == active.values.reduce(0, +), "seed \(seed)")
    }
  }
}
