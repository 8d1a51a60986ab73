// What an answer says, before it becomes bytes: the same for the receiver and for those who only
// ask what it would say.

package import Model
package import Providers
package import Signatures

/// Status, body and its type.
package struct AnswerOutline: Sendable, Equatable {
  package var status: Int
  /// Means something only with a body.
  package var contentType = "text/plain; charset=utf-8"
  package var body: [UInt8] = []
  /// The body is the sender's own text.
  package var isEcho = false

  /// Everything is stored.
  package init(status: Int, accepted answer: ProviderAnswer) {
    self.status = status
    body = Array(answer.body.utf8)
    if !answer.contentType.isEmpty { contentType = answer.contentType }
  }

  package init(handshake answer: HandshakeAnswer) {
    status = answer.status
    body = answer.body
    isEcho = !body.isEmpty
  }

  package init(refused rejection: Rejection, isEmpty: Bool) {
    status = rejection.status
    body = isEmpty ? [] : Array((rejection.message + "\n").utf8)
  }

  /// What the receiver answers, where events that are genuine are stored.
  package init(_ ruling: Authenticator.Ruling, of provider: Provider) {
    switch ruling {
    case .genuine: self.init(status: provider.successStatus, accepted: provider.answer)
    case .answer(let answer): self.init(handshake: answer)
    case .refused(let rejection):
      self.init(refused: rejection, isEmpty: provider.answer.emptyRefusals)
    }
  }
}
