// The answers of a shard's requests, as bytes.

import Logging
import Model
import NIOCore
import Providers
import Signatures
import Telemetry

extension Shard {
  /// All is stored; or it was a handshake, which has an answer of its own. What that asks to be
  /// fetched is fetched off this loop, and the answer does not wait for it: a provider that hears
  /// nothing asks again.
  func accepted(
    _ source: SourceGuard, _ handshake: HandshakeAnswer?, closes: Bool
  ) -> ByteBuffer {
    guard let handshake else {
      let second = coarseWallMs / 1000
      if !closes, let ready = source.readyAnswer, ready.second == second { return ready.bytes }
      let outline = AnswerOutline(status: source.successStatus, accepted: source.answer)
      let bytes = answers.bytes(outline, closes: closes, wallMs: coarseWallMs)
      if !closes { source.readyAnswer = (second, bytes) }
      return bytes
    }
    if let url = handshake.visit { visit(url, source: source.name) }
    return answers.bytes(
      AnswerOutline(handshake: handshake), closes: closes, wallMs: coarseWallMs)
  }

  /// `source` nil before it is known; `hasBody` false for HEAD.
  func rejected(
    _ rejection: Rejection, _ source: SourceGuard?, closes: Bool, hasBody: Bool = true
  ) -> ByteBuffer {
    answers.rejected(
      rejection, closes: closes, hasBody: hasBody, isEmpty: source?.answer.emptyRefusals ?? false,
      retryAfterS: Answers.retryAfterS(), wallMs: coarseWallMs)
  }

  private func visit(_ url: String, source: String) {
    let logger = rejections.logger
    certificates?.visit(url) { isDone in
      logger.write(
        isDone ? .info : .warning,
        isDone ? "handshake confirmed" : "handshake not confirmed; it will be asked again",
        [.source: source])
    }
  }
}
