// Verifies kept requests again, by the receiver's own code and the configuration of today.

package import Model
import Providers
package import Settings
import Signatures
import Telemetry

/// Judges rejected requests. To be used by one thread at a time.
package final class RejectReview {
  /// An event as it is to be published.
  package struct Piece: Sendable {
    package let key: [UInt8]?
    package let value: [UInt8]
    package let headers: HeaderList
  }

  package enum Verdict: Sendable {
    /// In the body's order; their origin is `redrive`.
    case verified([Piece], by: String)
    case refused(Rejection)
    /// The configuration has no such source any more.
    case unknownSource
    /// The body was too long to be kept.
    case bodyNotKept
  }

  private var sources: [String: SourceGuard] = [:]
  private var requestIds = RequestIds()

  /// Throws all problems of the configuration at once.
  package init(_ configuration: Configuration) throws(ReceiverError) {
    let registry = MetricRegistry()
    for plan in try BootChecks.plans(configuration) {
      let name = plan.settings.name
      sources[name] = try SourceGuard(plan, metrics: SourceMetrics(registry, source: name))
    }
  }

  /// The clock is the time of the request's arrival: what was in time then is in time now.
  package func verdict(on request: RejectedRequest) -> Verdict {
    guard let source = sources[request.source] else { return .unknownSource }
    guard let body = request.body else { return .bodyNotKept }
    return RequestView.with(
      method: request.method, target: request.target,
      headers: request.headers.map { ($0.name, $0.value) }, body: body
    ) { view in
      switch source.verify(view, nowMs: request.receivedAtMs) {
      case .failure(let rejection): return .refused(rejection)
      case .success(let verified):
        let arrival = Splitter.Arrival(
          envelopeId: requestIds.next(), receivedAtMs: request.receivedAtMs,
          verifiedBy: verified.label, origin: .redrive)
        var pieces: [Piece] = []
        source.splitter.split(view, arrival) { event, value in
          pieces.append(
            Piece(
              key: event.key.map { [UInt8]($0) }, value: [UInt8](value), headers: event.headers))
        }
        return .verified(pieces, by: verified.label)
      }
    }
  }
}
