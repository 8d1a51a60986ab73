// Which request gets which answer.

import Telemetry
import Testing

@testable import AdminServer

@Suite struct RoutesTests {
  private func routes(
    liveness: HealthState = .ok, readiness: HealthState = .ok
  ) -> AdminRoutes {
    AdminRoutes(
      registry: MetricRegistry(), liveness: { liveness }, readiness: { readiness })
  }

  @Test func healthIsTold() {
    let good = routes(readiness: .failing("no broker"))
    #expect(good.answer(method: "GET", target: "/livez") == AdminAnswer(status: 200, body: "ok\n"))
    #expect(
      good.answer(method: "GET", target: "/readyz")
        == AdminAnswer(status: 503, body: "no broker\n"))
    let stuck = routes(liveness: .failing("stuck"))
    #expect(stuck.answer(method: "GET", target: "/livez?x=1").status == 503)
    #expect(stuck.answer(method: "HEAD", target: "/readyz").status == 200)
  }

  @Test(arguments: ["/", "", "/livez/", "/../livez", "*", "?"])
  func otherPathsAreUnknown(target: String) {
    #expect(routes().answer(method: "GET", target: target).status == 404)
  }

  @Test(arguments: ["POST", "PUT", "DELETE", "OPTIONS", "CONNECT"])
  func otherMethodsAreRefused(method: String) {
    let answer = routes().answer(method: method, target: "/readyz")
    #expect(answer.status == 405)
    #expect(answer.allow == "GET, HEAD")
  }

  @Test func nothingIsReadyBeforeItSaysSo() {
    let cell = HealthCell()
    #expect(cell.state == .failing("starting"))
    cell.set(.ok)
    #expect(cell.state == .ok)
  }
}
