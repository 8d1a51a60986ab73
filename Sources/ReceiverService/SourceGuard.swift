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
  /// Nil: anybody may send.
  let allowedNetworks: [IPNetwork]?
  /// Signed is what was sent, not what was compressed.
  let signsWire: Bool
  let shared: SourceShared
  private let verifiers: [Verifier]

  init(
    _ plan: SourcePlan, metrics: SourceMetrics, publisher: (any EventPublisher)? = nil,
    shared: SourceShared = SourceShared()
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
    self.shared = shared
    name = plan.settings.name
    successStatus = plan.provider.successStatus
    let networks = plan.settings.allowedNetworks
    allowedNetworks = networks.isEmpty ? nil : networks.compactMap { try? IPNetwork($0) }
    signsWire = plan.settings.signedBody == "wire"
  }

  /// False when the source is not for the sender's address, or for those without one.
  func allows(_ origin: RequestOrigin?) -> Bool {
    guard let allowedNetworks else { return true }
    guard let client = origin?.client else { return false }
    return allowedNetworks.contains { $0.contains(client) }
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

  /// The first scheme whose signature header is there decides. `origin` is there when the
  /// configuration makes somebody ask for it: trusted proxies, client certificates, networks.
  func verify(
    _ view: RequestView, origin: RequestOrigin? = nil, nowMs: Int64
  ) -> Result<Verifier.Verified, Rejection> {
    for verifier in verifiers {
      let verdict = verifier.verify(view, nowMs: nowMs)
      if case .failure(.signatureMissing) = verdict { continue }
      return verdict
    }
    return .failure(.signatureMissing)
  }
}
