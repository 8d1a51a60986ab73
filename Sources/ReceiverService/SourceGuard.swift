// One source on one event loop: its verifiers, its splitter, its metrics.

import Settings
import JSONText
import Model
import NIOCore
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
  let mayKeepRejects: Bool
  /// In the place of the receiver's own.
  let publisher: (any EventPublisher)?
  /// Nil: anybody may send.
  let allowedNetworks: [IPNetwork]?
  /// Signed is what was sent, not what was compressed.
  let signsWire: Bool
  let shared: SourceShared
  let answer: ProviderAnswer
  /// The good answer, which is made once a second, as its date.
  var readyAnswer: (second: Int64, bytes: ByteBuffer)?
  /// True: what follows the source's name in the path is a secret.
  let takesPath: Bool
  private let proof: SourceProof
  private let eventMethods: [String]
  private let otherMethods: [String]
  /// The URL or the client certificate is the connection's to tell.
  private let asksOrigin: Bool

  init(
    _ plan: SourcePlan, metrics: SourceMetrics, publisher: (any EventPublisher)? = nil,
    shared: SourceShared = SourceShared(), certificates: CertificateStore? = nil
  ) throws(ReceiverError) {
    do {
      proof = try SourceProof(plan, registry: metrics.registry, certificates: certificates)
      splitter = try Splitter(
        plan.provider, source: plan.settings.name, tenant: plan.settings.tenant)
    } catch {
      throw ReceiverError(problems: ["sources.\(plan.settings.name): \(error)"])
    }
    self.metrics = metrics
    let schemes = proof.authenticator.verifiers.map(\.scheme)
    signsURL = schemes.contains(where: \.signsURL)
    mayKeepRejects = !schemes.contains(where: \.repeatsSecret)
    self.publisher = publisher
    self.shared = shared
    name = plan.settings.name
    successStatus = plan.provider.successStatus
    answer = plan.provider.answer
    takesPath = schemes.contains { $0.at == .path }
    asksOrigin =
      (signsURL && plan.settings.publicURL == nil) || schemes.contains { $0.at == .peerSubject }
    eventMethods = plan.provider.methods
    otherMethods = Authenticator.methods(plan.provider.handshakes)
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

  /// Whether a request of this method may be meant for the source.
  func takes(method: UnsafeRawBufferPointer) -> Bool {
    eventMethods.contains { method.elementsEqual($0.utf8) }
      || otherMethods.contains { method.elementsEqual($0.utf8) }
  }

  /// The proof alone, whatever the request is good for.
  func verify(_ view: RequestView, nowMs: Int64) -> Result<Verifier.Verified, Rejection> {
    proof.authenticator.verify(view, nowMs: nowMs)
  }

  /// `origin` is there when the configuration makes somebody ask for it: trusted proxies, client
  /// certificates, networks.
  func judge(
    _ view: RequestView, origin: RequestOrigin? = nil, nowMs: Int64
  ) -> Authenticator.Ruling {
    // Nearly every source takes POST alone, and the connection has looked for that.
    let isEvent =
      otherMethods.isEmpty || eventMethods.contains { view.method.elementsEqual($0.utf8) }
    guard asksOrigin, let origin else {
      return proof.judge(view, isEvent: isEvent, nowMs: nowMs)
    }
    var view = view
    view.origin = RequestView.Origin(
      publicURL: origin.publicURL(view), peerSubject: origin.peerSubject)
    return proof.judge(view, isEvent: isEvent, nowMs: nowMs)
  }
}
