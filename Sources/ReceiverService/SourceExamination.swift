// One source's way of judging, for a person who asks why.

package import Providers
package import Settings
package import Signatures

/// Judges single requests as the receiver would, and says what they were judged by.
package struct SourceExamination {
  package let provider: Provider
  private let authenticator: Authenticator
  private let settings: SourceSettings

  /// Throws what keeps the source from being served.
  package init(_ source: SourceSettings, _ configuration: Configuration) throws(SchemeError) {
    provider = try BootChecks.provider(source, configuration)
    settings = source
    authenticator = try SourceProof.authenticator(
      SourcePlan(
        settings: source, provider: provider,
        takesAnyURL: !configuration.receiver.edge.trustedProxies.isEmpty), certificates: nil)
  }

  package func ruling(_ request: Diagnosis.Request, nowMs: Int64) -> Authenticator.Ruling {
    RequestView.with(
      method: request.method, target: request.target, headers: request.headers, body: request.body
    ) { authenticator.judge($0, nowMs: nowMs) }
  }

  package var suspects: [Diagnosis.Suspect] {
    authenticator.verifiers.map {
      Diagnosis.Suspect(
        $0.scheme, secrets: settings.secrets.map { $0.reveal() }, publicURL: settings.publicURL)
    }
  }
}
