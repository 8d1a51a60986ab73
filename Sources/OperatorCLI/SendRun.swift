// Sends a source's samples to its receiver, at a rate, and counts the answers.
import HTTPClient
import Providers
import Settings
import Signatures
import Telemetry

/// One run of `hookferry send`. The rate is kept whether or not the receiver keeps up.
struct SendRun {
  var provider: Provider
  var renderer: SampleRenderer
  var proof: SampleProof
  var plan: SendPlan
  /// A second; 0 means as fast as the answers come.
  var rate: Double
  var isTampered: Bool
  var seed: UInt64

  /// Requests under way at a time; more wait, and their waiting counts.
  static let inFlightMax = 64

  func run(_ session: HTTPSession) async throws -> SendReport {
    var report = SendReport()
    let startUs = SystemClock.monotonicUs
    try await withThrowingTaskGroup(of: Answer.self) { group in
      var running = 0
      for (place, index) in plan.order.enumerated() {
        if running == Self.inFlightMax, let answer = try await group.next() {
          note(answer, &report)
          running -= 1
        }
        let dueUs = rate > 0 ? startUs + Int64(Double(place) / rate * 1e6) : SystemClock.monotonicUs
        let waitUs = dueUs - SystemClock.monotonicUs
        if waitUs > 0 { try await Task.sleep(for: .microseconds(waitUs)) }
        let request = try request(index)
        group.addTask { await Self.send(request, session, dueUs: dueUs) }
        running += 1
      }
      for try await answer in group { note(answer, &report) }
    }
    return report
  }

  private struct Answer: Sendable {
    var result: Result<Int, HTTPError>
    var timeMs: Double
  }

  private static func send(
    _ request: HTTPRequest, _ session: HTTPSession, dueUs: Int64
  ) async -> Answer {
    let result: Result<Int, HTTPError>
    do throws(HTTPError) {
      result = .success(try await session.send(request).status)
    } catch {
      result = .failure(error)
    }
    return Answer(result: result, timeMs: Double(SystemClock.monotonicUs - dueUs) / 1000)
  }

  private func note(_ answer: Answer, _ report: inout SendReport) {
    switch answer.result {
    case .success(let status):
      let isSuccess = status == provider.successStatus
      report.note(
        status: status, isSuccess: isSuccess, isExpected: isTampered ? status == 401 : isSuccess,
        timeMs: answer.timeMs)
    case .failure(let error): report.noteFailure(error.label)
    }
  }

  /// The signed request of one event.
  func request(_ index: Int) throws -> HTTPRequest {
    let signed = try proof.signed(
      renderer, index, nowMs: SystemClock.wallMs,
      tamperSeed: isTampered ? seed &+ UInt64(index) : nil)
    var headers: HTTPHeaders = ["Content-Type": signed.sample.contentType]
    for (name, value) in signed.sample.headers + signed.proof { headers.append(name, value) }
    return HTTPRequest(
      method: "POST", url: signed.url, headers: headers, body: signed.sample.body,
      totalTimeoutMs: 15_000, responseBytesMax: 64 << 10)
  }
}
