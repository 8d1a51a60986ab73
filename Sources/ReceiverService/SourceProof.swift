// One source's gate on one event loop: who proves that a request is genuine, which secret it was,
// and what another scheme or secret on trial would have said.

import Model
import Providers
import Settings
import Signatures
import Telemetry

/// What a shadow says beside the verdict that counts.
enum ShadowResult: String, CaseIterable, Sendable {
  /// Both hold the request for genuine.
  case match
  /// The shadow would have refused a request that was taken.
  case mismatch
  /// The shadow would have taken a request that was refused.
  case onlyShadow = "only_shadow"
  case neither
}

/// Confined to one event loop.
final class SourceProof {
  let authenticator: Authenticator
  private let verified: [Counter]
  private let shadow: Authenticator?
  private let shadowResults: CounterTable<ShadowResult>?

  init(
    _ plan: SourcePlan, registry: MetricRegistry, certificates: CertificateStore?
  ) throws(SchemeError) {
    authenticator = try Self.authenticator(plan, certificates: certificates)
    let name = plan.settings.name
    verified = authenticator.slots.map { slot in
      registry.counter(
        MetricCatalogue.receiverVerified, name, slot.scheme, String(slot.secretIndex))
    }
    shadow = try Self.shadow(plan, certificates: certificates)
    shadowResults =
      shadow == nil
      ? nil : registry.counters(MetricCatalogue.receiverShadow, name, by: ShadowResult.self)
  }

  func judge(
    _ view: RequestView, isEvent: Bool, nowMs: Int64
  ) -> Authenticator.Ruling {
    let ruling = authenticator.judge(view, isEvent: isEvent, nowMs: nowMs)
    if case .genuine(let verdict) = ruling { verified[verdict.slot].add() }
    if let shadow { compare(ruling, shadow, view, nowMs: nowMs) }
    return ruling
  }

  private func compare(
    _ ruling: Authenticator.Ruling, _ shadow: Authenticator, _ view: RequestView, nowMs: Int64
  ) {
    var isShadowMatch = false
    if case .success = shadow.verify(view, nowMs: nowMs) { isShadowMatch = true }
    switch ruling {
    case .genuine: shadowResults?[isShadowMatch ? .match : .mismatch].add()
    case .refused: shadowResults?[isShadowMatch ? .onlyShadow : .neither].add()
    case .answer: break
    }
  }

  /// Throws what must keep the source from being served.
  static func check(_ plan: SourcePlan) throws(SchemeError) {
    _ = try authenticator(plan, certificates: nil)
    _ = try shadow(plan, certificates: nil)
  }

  static func authenticator(
    _ plan: SourcePlan, certificates: CertificateStore?
  ) throws(SchemeError) -> Authenticator {
    var choice = choice(plan, certificates)
    choice.schemes = plan.settings.schemes
    return try plan.provider.authenticator(choice)
  }

  private static func shadow(
    _ plan: SourcePlan, certificates: CertificateStore?
  ) throws(SchemeError) -> Authenticator? {
    guard let settings = plan.settings.shadow else { return nil }
    var choice = choice(plan, certificates)
    // The source's own choice holds for its own provider only.
    choice.schemes =
      settings.schemes.isEmpty && plan.shadowProvider == nil
      ? plan.settings.schemes : settings.schemes
    if !settings.secrets.isEmpty { choice.secrets = settings.secrets.map { $0.reveal() } }
    choice.publicURL = settings.publicURL ?? choice.publicURL
    var provider = plan.shadowProvider ?? plan.provider
    provider.handshakes = []
    return try provider.authenticator(choice)
  }

  private static func choice(
    _ plan: SourcePlan, _ certificates: CertificateStore?
  ) -> Provider.SourceChoice {
    var choice = Provider.SourceChoice()
    choice.secrets = plan.settings.secrets.map { $0.reveal() }
    choice.publicURL = plan.settings.publicURL
    choice.takesAnyURL = plan.takesAnyURL
    choice.toleranceMs = plan.settings.toleranceS.map { Int64($0) * 1000 }
    choice.allowed = plan.settings.allowed
    choice.handshakeSecret = plan.settings.handshakeSecret?.reveal()
    choice.certificates = certificates
    return choice
  }
}
