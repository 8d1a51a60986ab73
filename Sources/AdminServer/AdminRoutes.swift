// Which request gets which answer. Pure but for what it is given to ask.

import Telemetry

/// An answer with a short text.
struct AdminAnswer: Equatable {
  var status: Int
  var contentType = "text/plain; charset=utf-8"
  var allow: String?
  var body: String
}

/// The three paths of the admin port.
struct AdminRoutes: Sendable {
  let registry: MetricRegistry
  let liveness: @Sendable () -> HealthState
  let readiness: @Sendable () -> HealthState

  func answer(method: String, target: String) -> AdminAnswer {
    let path = target.split(separator: "?", maxSplits: 1).first.map(String.init) ?? ""
    guard ["/livez", "/readyz", "/metrics"].contains(path) else {
      return AdminAnswer(status: 404, body: "paths: /livez /readyz /metrics\n")
    }
    guard method == "GET" || method == "HEAD" else {
      return AdminAnswer(status: 405, allow: "GET, HEAD", body: "use GET\n")
    }
    switch path {
    case "/livez": return Self.answer(liveness())
    case "/readyz": return Self.answer(readiness())
    default:
      return AdminAnswer(
        status: 200, contentType: MetricRegistry.contentType, body: registry.prometheusText())
    }
  }

  private static func answer(_ state: HealthState) -> AdminAnswer {
    switch state {
    case .ok: AdminAnswer(status: 200, body: "ok\n")
    case .failing(let reason): AdminAnswer(status: 503, body: "\(reason)\n")
    }
  }
}
