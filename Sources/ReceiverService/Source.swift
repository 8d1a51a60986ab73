// One configured source on one event loop: its verifier, its splitter, its metrics.
import Model
import NIOCore
import NIOHTTP1
import Providers
import Signatures

/// Not thread-safe: verifier and splitter keep scratch memory, so each event loop has its own.
final class Source {
  let name: String
  let metrics: SourceMetrics
  private let verifiers: [Verifier]
  private let splitter: Splitter
  private let scratch: RequestScratch

  init(
    name: String, verifiers: [Verifier], splitter: Splitter, metrics: SourceMetrics,
    scratch: RequestScratch
  ) {
    self.name = name
    self.verifiers = verifiers
    self.splitter = splitter
    self.metrics = metrics
    self.scratch = scratch
  }

  /// Verifies the request's raw bytes and takes its events apart; nothing is parsed before the
  /// signature is known to be right.
  func open(
    _ head: HTTPRequestHead, _ body: ByteBuffer, ids: EnvelopeIds
  ) -> Result<[SplitEvent], Rejection> {
    let nowMs = ReceiverClock.wallMs
    return scratch.withView(head, body) { view in
      verify(view, nowMs: nowMs).map { verified in
        splitter.split(
          view, verifiedBy: verified.label, envelopeId: ids.make(), receivedAtMs: nowMs)
      }
    }
  }

  /// The first scheme that accepts; else the first one's reason.
  private func verify(_ view: RequestView, nowMs: Int64) -> Result<Verifier.Verified, Rejection> {
    var first: Result<Verifier.Verified, Rejection>?
    for verifier in verifiers {
      let result = verifier.verify(view, nowMs: nowMs)
      if case .success = result { return result }
      if first == nil { first = result }
    }
    return first ?? .failure(.signatureMissing)
  }
}
