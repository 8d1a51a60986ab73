// One configured source on one event loop: its verifier, its splitter, its metrics.
import Model
import Providers
import Signatures

/// Not thread-safe: verifier and splitter keep scratch memory, so each event loop has its own.
final class Source {
  let name: String
  let metrics: SourceMetrics
  private let verifiers: [Verifier]
  private let splitter: Splitter

  init(name: String, verifiers: [Verifier], splitter: Splitter, metrics: SourceMetrics) {
    self.name = name
    self.verifiers = verifiers
    self.splitter = splitter
    self.metrics = metrics
  }

  /// The first scheme that accepts; else the first one's reason. Nothing of the body is parsed.
  func verify(_ view: RequestView, nowMs: Int64) -> Result<Verifier.Verified, Rejection> {
    var first: Result<Verifier.Verified, Rejection>?
    for verifier in verifiers {
      let result = verifier.verify(view, nowMs: nowMs)
      if case .success = result { return result }
      if first == nil { first = result }
    }
    return first ?? .failure(.signatureMissing)
  }

  /// Takes a verified request apart; `emit` gets each event with its bytes, lent for the call.
  func split(
    _ view: RequestView, verifiedBy: String, envelopeId: String, nowMs: Int64,
    _ emit: (Event, UnsafeRawBufferPointer) throws(Rejection) -> Void
  ) throws(Rejection) {
    let arrival = Splitter.Arrival(
      envelopeId: envelopeId, receivedAtMs: nowMs, verifiedBy: verifiedBy)
    try splitter.split(view, arrival, emit)
  }
}
