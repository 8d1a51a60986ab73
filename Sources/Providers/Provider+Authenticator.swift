// From a provider and a source's secrets to the source's gate.

package import Signatures

extension Provider {
  /// What a source says besides its provider.
  package struct SourceChoice: Sendable {
    /// Names of schemes; empty for all that are not optional.
    package var schemes: [String] = []
    package var secrets: [String] = []
    package var publicURL: String?
    package var takesAnyURL = false
    package var toleranceMs: Int64?
    package var allowed: [String]? = []
    package var handshakeSecret: String?
    package var certificates: CertificateStore?
    package var requiresHeaders = true

    package init() {}
  }

  /// To be used by one thread at a time. Throws what must keep a source from being served.
  package func authenticator(_ choice: SourceChoice) throws(SchemeError) -> Authenticator {
    var setup = Authenticator.Setup(secrets: choice.secrets)
    setup.verification.publicURL = choice.publicURL
    setup.verification.takesAnyURL = choice.takesAnyURL
    setup.verification.toleranceMs = choice.toleranceMs
    setup.verification.allowed = choice.allowed
    setup.verification.certificates = choice.certificates
    setup.verification.requiresHeaders = choice.requiresHeaders
    setup.handshakeSecret = choice.handshakeSecret
    return try Authenticator(
      schemes: try schemes(chosen: choice.schemes), handshakes: handshakes, setup)
  }
}
