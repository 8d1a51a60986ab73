// One source on one event loop: its verifiers, its splitter, its metrics.

import Settings
import JSONText
import Model
import Providers
import Signatures
import Telemetry

/// Confined to one event loop.
final class SourceGuard {
  let name: String
  let successStatus: Int
  let metrics: SourceMetrics
  let splitter: Splitter
  /// The query is needed to verify again.
  let signsURL: Bool
  /// False where a refused request may hold a secret.
  let mayKeepRejects = true
  /// In the place of the receiver's own.
  let publisher: (any EventPublisher)?
  private let verifiers: [Verifier]

  init(
    _ plan: SourcePlan, metrics: SourceMetrics, publisher: (any EventPublisher)? = nil
  ) throws(ReceiverError) {
    do {
      verifiers = try Self.verifiers(plan)
      splitter = try Splitter(
        plan.provider, source: plan.settings.name, tenant: plan.settings.tenant)
    } catch {
      throw ReceiverError(problems: ["sources.\(plan.settings.name): \(error)"])
    }
    self.metrics = metrics
    signsURL = plan.provider.schemes.contains(where: \.signsURL)
    self.publisher = publisher
    name = plan.settings.name
    successStatus = plan.provider.successStatus
  }

  static func verifiers(_ plan: SourcePlan) throws(SchemeError) -> [Verifier] {
    var verifiers: [Verifier] = []
    for scheme in plan.provider.schemes {
      verifiers.append(
        try Verifier(
          scheme, secrets: plan.settings.secrets.map { $0.reveal() },
          publicURL: plan.settings.publicURL))
    }
    return verifiers
  }

  /// The first scheme whose signature header is there decides.
  func verify(_ view: RequestView, nowMs: Int64) -> Result<Verifier.Verified, Rejection> {
    for verifier in verifiers {
      let verdict = verifier.verify(view, nowMs: nowMs)
      if case .failure(.signatureMissing) = verdict { continue }
      return verdict
    }
    return .failure(.signatureMissing)
  }
}
